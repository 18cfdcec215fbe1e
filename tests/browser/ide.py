#!/usr/bin/env python3
"""Opens the IDE of `graphway dev` in headless Chromium, runs a query, and looks at the answer and the plan.

    cargo build && tests/browser/ide.py [target/debug/graphway] [screenshot.png]

Needs chromium and chromedriver (Debian: chromium, chromium-driver) and the sample subgraphs' ports; not part of CI.
Speaks the WebDriver protocol (https://www.w3.org/TR/webdriver2/) itself, so it needs nothing else.
"""

import base64, json, os, subprocess, sys, tempfile, time, urllib.error, urllib.parse, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GRAPHWAY = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target/debug/graphway")
SCREENSHOT = sys.argv[2] if len(sys.argv) > 2 else os.path.join(tempfile.gettempdir(), "graphway-ide.png")
PAGE, DRIVER = "127.0.0.1:4956", "127.0.0.1:9516"
QUERY = "{ me { name orders(first: 1) { nodes { status lines { quantity item { name } } } } } }"
PATIENCE = 30
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1500,900",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer).get("value")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {url}: {error.read().decode()}")


def until(what, found):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = found()
        except urllib.error.URLError:
            value = None
        if value:
            return value
        time.sleep(0.05)
    raise SystemExit(f"{what} did not come")


def check(session):
    script = lambda text: call("POST", f"{session}/execute/sync", {"script": text, "args": []})
    text = lambda selector: script(f"return document.querySelector({json.dumps(selector)})?.innerText ?? ''")
    call("POST", f"{session}/url", {"url": f"http://{PAGE}/#" + urllib.parse.urlencode({"query": QUERY}, quote_via=urllib.parse.quote)})
    until("the editor", lambda: script("return !!document.querySelector('.graphiql-execute-button')"))
    until("the schema", lambda: script("return !document.querySelector('.graphiql-spinner')"))
    script("document.querySelector('.graphiql-execute-button').click()")
    answer = until("the answer", lambda: "quantity" in text(".graphiql-response") and text(".graphiql-response"))
    assert '"errors"' not in answer and "queryPlan" not in answer, answer
    fetched = until("the plan", lambda: script("return [...document.querySelectorAll('.fetch h3')].map(e => e.innerText)"))
    assert len(fetched) == 3 and "users" in fetched[0], fetched
    assert "3 fetches in 3 steps" in text("#summary"), text("#summary")
    script("document.querySelectorAll('#plan details').forEach(e => e.open = true)")
    with open(SCREENSHOT, "wb") as file:
        file.write(base64.b64decode(call("GET", f"{session}/screenshot")))
    script("document.querySelector('#dry-run').click(); document.querySelector('.graphiql-execute-button').click()")
    until("the plan alone", lambda: "not run" in text("#summary"))
    complaints = [entry for entry in call("POST", f"{session}/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]
    assert not complaints, json.dumps(complaints, indent=2)


def main():
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory() as profile:
        router = subprocess.Popen([GRAPHWAY, "dev", "--listen", PAGE], cwd=ROOT, **quiet)
        driver = subprocess.Popen(["chromedriver", f"--port={DRIVER.split(':')[1]}"], **quiet)
        session = None
        try:
            until("graphway", lambda: urllib.request.urlopen(f"http://{PAGE}/health").status == 200)
            until("chromedriver", lambda: call("GET", f"http://{DRIVER}/status")["ready"])
            wanted = {"goog:chromeOptions": {"args": FLAGS + [f"--user-data-dir={profile}"]},
                      "goog:loggingPrefs": {"browser": "ALL"}}
            made = call("POST", f"http://{DRIVER}/session", {"capabilities": {"alwaysMatch": wanted}})
            session = f"http://{DRIVER}/session/{made['sessionId']}"
            check(session)
            print(f"the query runs, its answer and its plan show: {SCREENSHOT}")
        finally:
            if session:
                call("DELETE", session)
            for process in (driver, router):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
