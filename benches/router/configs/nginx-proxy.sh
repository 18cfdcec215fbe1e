#!/bin/sh
# nginx as a proxy before the subgraphs: configs/nginx-proxy.sh PORT. Debian: apt-get install nginx-light.
folder=$(mktemp -d)
cat >"$folder/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; pid $folder/pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
  uwsgi_temp_path $folder; scgi_temp_path $folder; keepalive_requests 1000000000;
  upstream shop { server 127.0.0.1:4200; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:$1;
    location / { proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
CONF
exec nginx -c "$folder/nginx.conf" -p "$folder"
