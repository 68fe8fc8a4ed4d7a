#!/usr/bin/env python3
"""Submits an epoch to the proving service, follows it, and fetches its bundle.

    meed -p net service pack --network net --out epoch-1.json
    MEED_TOKEN=... client.py http://127.0.0.1:8411 epoch-1.json bundle.tar

Needs Python 3.11, nothing else. The token comes from the environment: arguments show in the list of
processes. Run it again after any interruption: it asks for the same job.
"""

import hashlib
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

OVER = {"done", "failed", "dead", "cancelled"}


class Client:
    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token

    def request(self, method, path, body=None, headers=None):
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        return urllib.request.urlopen(request, timeout=60)

    def submit(self, body):
        """The job of this body. However often it is called, there is one."""
        key = hashlib.sha256(body).hexdigest()
        for wait in (1, 2, 4, 8, 0):
            try:
                with self.request("POST", "/v1/jobs", body, {"Idempotency-Key": key}) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                # 429 and 503 say: later.
                if error.code not in (429, 503) or not wait:
                    raise
            except urllib.error.URLError:
                if not wait:
                    raise
            time.sleep(wait)

    def events(self, job):
        """What happens to a job, to its end; goes on where a connection broke off."""
        last = 0
        while True:
            headers = {"Last-Event-ID": str(last)}
            try:
                with self.request("GET", f"/v1/jobs/{job}/events", headers=headers) as stream:
                    for line in stream:
                        if line.startswith(b"data:"):
                            event = json.loads(line[5:])
                            last = event["seq"]
                            yield event
                            if event["kind"] in OVER:
                                return
            except urllib.error.HTTPError:
                raise
            except OSError:
                pass
            time.sleep(1)

    def bundle(self, job):
        """The bundle's archive; its digest is compared with what the job says."""
        with self.request("GET", f"/v1/jobs/{job}") as reply:
            expected = json.load(reply)["bundle_sha256"]
        with self.request("GET", f"/v1/jobs/{job}/bundle") as reply:
            archive = reply.read()
        got = hashlib.sha256(archive).hexdigest()
        if got != expected:
            raise ValueError(f"bundle: expected SHA-256 {expected}, got {got}")
        return archive


def main():
    if len(sys.argv) != 4 or "MEED_TOKEN" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    client = Client(sys.argv[1], os.environ["MEED_TOKEN"])
    try:
        job = client.submit(pathlib.Path(sys.argv[2]).read_bytes())["id"]
        print(f"job {job}")
        for event in client.events(job):
            print(event["kind"], event["detail"] or "")
        if event["kind"] != "done":
            return 1
        pathlib.Path(sys.argv[3]).write_bytes(client.bundle(job))
    except urllib.error.HTTPError as error:
        print(f"error: {error.code}: {error.read().decode(errors='replace')}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
