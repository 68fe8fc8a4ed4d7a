#!/usr/bin/env python3
"""Submits an epoch to the proving service, follows it, and fetches its bundle.

    pip install -r requirements.txt
    meed -p net service pack --network net --out epoch-1.json
    MEED_TOKEN=... python client.py http://127.0.0.1:8411 epoch-1.json bundle.tar

Needs Python 3.11. The token comes from the environment: arguments show in the list of processes. Run it
again after any interruption: it asks for the same job.
"""

import hashlib
import json
import os
import pathlib
import sys
import time

import httpx

# Generated from service/openapi.json.
from meed_client import AuthenticatedClient
from meed_client.api.jobs import get_bundle, get_job, submit_job
from meed_client.models import Event, Problem, Submission

OVER = {"done", "failed", "dead", "cancelled"}
# 429 and 503 say: later.
LATER = {429, 503}


class Refused(Exception):
    """The service's answer was a problem."""


def expect(response):
    """What an answer holds."""
    if isinstance(response.parsed, Problem):
        problem = response.parsed
        raise Refused(f"{response.status_code.value} {problem.code}: {problem.message}")
    if response.status_code >= 300:
        raise Refused(f"{response.status_code.value}")
    return response.parsed


def patiently(operation, *arguments, **named):
    """What a request is answered, after some tries if need be. All of them can be made again."""
    for wait in (1, 2, 4, 8, 0):
        try:
            response = operation.sync_detailed(*arguments, **named)
            if response.status_code not in LATER or not wait:
                return expect(response)
        except httpx.TransportError:
            if not wait:
                raise
        time.sleep(wait)


def submit(client, body):
    """The job of this file. However often it is called, there is one."""
    key = hashlib.sha256(body).hexdigest()
    submission = Submission.from_dict(json.loads(body))
    return patiently(submit_job, client=client, body=submission, idempotency_key=key)


def events(client, job):
    """What happens to a job, to its end; goes on where a connection broke off."""
    last = 0
    while True:
        try:
            # `job_events` hands out a stream at its end; this reads it as it comes.
            with client.get_httpx_client().stream(
                "GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": str(last)}
            ) as stream:
                if stream.status_code not in LATER:
                    stream.raise_for_status()
                    for line in stream.iter_lines():
                        if line.startswith("data:"):
                            event = Event.from_dict(json.loads(line[5:]))
                            last = event.seq
                            yield event
                            if event.kind in OVER:
                                return
        except httpx.TransportError:
            pass
        time.sleep(1)


def bundle(client, job):
    """The bundle's archive; its digest is compared with what the job says."""
    expected = patiently(get_job, job, client=client).bundle_sha256
    archive = patiently(get_bundle, job, client=client).payload.read()
    got = hashlib.sha256(archive).hexdigest()
    if got != expected:
        raise Refused(f"bundle: expected SHA-256 {expected}, got {got}")
    return archive


def main():
    if len(sys.argv) != 4 or "MEED_TOKEN" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    url, body, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    client = AuthenticatedClient(
        base_url=url.rstrip("/"),
        token=os.environ["MEED_TOKEN"],
        timeout=httpx.Timeout(60),
    )
    try:
        job = submit(client, body.read_bytes()).id
        print(f"job {job}", flush=True)
        for event in events(client, job):
            print(event.kind, event.detail or "", flush=True)
        if event.kind != "done":
            return 1
        # Whole or not at all.
        part = out.with_name(out.name + ".part")
        part.write_bytes(bundle(client, job))
        part.replace(out)
    except (Refused, httpx.HTTPError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
