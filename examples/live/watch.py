#!/usr/bin/env python3
"""Prints live events of CrisisLens, a line of JSON each. Goes on after cuts where it was: each event once.

    watch.py [--websocket] [ADDRESS [EMAIL [PASSWORD]]]

What is not given is taken from CRISISLENS_URL, CRISISLENS_EMAIL and CRISISLENS_PASSWORD.
Needs Python 3.9 or newer. Over server-sent events, which it uses unless told otherwise, it needs nothing else;
--websocket needs the package `websockets`, version 14 or newer (pip install websockets).
"""

import argparse
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

CONTROL = {"connection", "joined_room", "left_room", "pong", "resync", "error", "going_away"}
# The server lets no stream be quiet for longer than 30 s (realtime.sse_heartbeat_s).
QUIET_S = 90
LONGEST_WAIT_S = 30


class TokenRefused(Exception):
    """The token has ended or was withdrawn: sign in again."""


def say(*words):
    print("watch:", *words, file=sys.stderr, flush=True)


def sign_in(url, email, password):
    body = json.dumps({"email": email, "password": password}).encode()
    request = urllib.request.Request(
        f"{url}/api/auth/login", data=body, headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["access_token"]
    except urllib.error.HTTPError as error:
        if 400 <= error.code < 500:
            say("cannot sign in:", error.code, error.read().decode(errors="replace"))
            sys.exit(1)
        raise


def stream(url, token, position):
    """Frames of one event stream with their positions, to its end."""
    headers = {"authorization": f"Bearer {token}"}
    if position:
        headers["last-event-id"] = position
    request = urllib.request.Request(f"{url}/api/sse/stream", headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=QUIET_S)
    except urllib.error.HTTPError as error:
        if error.code == 401:
            raise TokenRefused from error
        raise
    with answer:
        event = {}
        for line in answer:
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            if name:
                event[name] = value
                continue
            # An empty line ends an event; one that a cut broke off comes again. A heartbeat has an id and no data.
            yield json.loads(event.get("data", "{}")), event.get("id")
            event = {}


def socket(url, token, position):
    """Frames of one WebSocket with their positions, to its end."""
    from websockets.exceptions import ConnectionClosed, InvalidHandshake
    from websockets.sync.client import connect

    address = f"{url.replace('http', 'ws', 1)}/ws" + (f"?position={position}" if position else "")
    headers = {"authorization": f"Bearer {token}"}
    try:
        opened = connect(address, additional_headers=headers, max_size=None)
    except InvalidHandshake as error:
        raise ConnectionError(f"no WebSocket: {error}") from error
    with opened as connection:
        is_quiet = False
        while True:
            try:
                frame = json.loads(connection.recv(timeout=30))
            except TimeoutError:
                # A connection that broke without a word never ends by itself.
                if is_quiet:
                    return
                connection.send('{"type":"ping"}')
                is_quiet = True
                continue
            except ConnectionClosed as closed:
                if closed.rcvd and closed.rcvd.code in (1008, 4401, 4403):
                    raise TokenRefused from closed
                return
            is_quiet = False
            yield frame, frame.get("position") if frame.get("room") == "global" else None


def main():
    parser = argparse.ArgumentParser(description="Prints live events of CrisisLens, a line of JSON each.")
    parser.add_argument("address", nargs="?", default=os.environ.get("CRISISLENS_URL", "http://127.0.0.1:8000"))
    parser.add_argument("email", nargs="?", default=os.environ.get("CRISISLENS_EMAIL"))
    parser.add_argument("password", nargs="?", default=os.environ.get("CRISISLENS_PASSWORD"))
    parser.add_argument("--websocket", action="store_true", help="a WebSocket instead of an event stream")
    wish = parser.parse_args()
    if not (wish.email and wish.password):
        parser.error("give an address, an e-mail address and a password")
    url, frames = wish.address.rstrip("/"), socket if wish.websocket else stream

    token = position = None
    tries = 0
    while True:
        wait = None
        try:
            token = token or sign_in(url, wish.email, wish.password)
            for frame, at in frames(url, token, position):
                kind = frame.get("type")
                if kind and kind not in CONTROL:
                    print(json.dumps(frame, ensure_ascii=False), flush=True)
                elif kind == "connection":
                    tries = 0
                elif kind == "going_away":
                    wait = frame["reconnect_after_ms"] / 1000
                elif kind == "joined_room":
                    say("joined", frame["room"], "at", frame["position"])
                elif kind in ("resync", "error"):
                    say(json.dumps(frame))
                # Only now: an event that was not printed must come again.
                position = at or position
        except TokenRefused:
            token = None
        except (OSError, http.client.HTTPException) as error:
            say(error)
        # A random time of a span that doubles: a thousand clients of one node do not come back at once.
        wait = random.uniform(0, min(LONGEST_WAIT_S, 2**tries)) if wait is None else wait
        tries += 1
        say(f"cut off; again in {wait:.1f} s")
        time.sleep(wait)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
