"""Drives `gridwarden serve` over the outputs of a replay: who sees what, what is kept back, and what a kill leaves.

Run by scripts/serve-check, which builds the program and installs the peers and schemathesis.
"""
import argparse
import atexit
import csv
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
DELIVER = HERE.parent / "deliver"
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
INBOUND = "c3RyYW5nZXJzLWRvLW5vdC1rbm93"
# Longer than any step takes on a busy machine.
PATIENCE = 60

PEOPLE = """
[[receiver]]
name = "readers"
channel = "sms"
to = "reader"
per_hour = 1000
per_day = 1000

[[receiver]]
name = "control"
channel = "webhook"
to = "control"
per_hour = 1000
per_day = 1000

[[route]]
name = "walk"
to = ["readers"]
kinds = ["suspicion"]

[[route]]
name = "all"
to = ["control"]
kinds = ["suspicion"]
{repeat}

[[gateway]]
name = "smsc"
protocol = "smpp"
address = "127.0.0.1:{smpp}"
system_id = "gridwarden"
password = {{ env = "SMPP_PASSWORD" }}
sender = "GRIDWN"

[[gateway]]
name = "control"
protocol = "webhook"
url = "http://127.0.0.1:{hook}/hook"
secret = {{ env = "HOOK_SECRET" }}
"""


TOPICS = ("alerts", "cases", "evidence", "notices")
KAFKA = """
[kafka]
brokers = "127.0.0.1:1"
group = "serve-check"
readings = "readings"
format = "json"
idle_after = "10 s"
{topics}

[output]
intervals = "json"
transactional = false

[grid]
exchange = "memory"

[checkpoints]
every = "10 s"
full_after = 16
"""


TO_PROGRAMS = """
[[receiver]]
name = "planning"
channel = "topic"
to = "bus"
per_hour = 1000

[[receiver]]
name = "archive"
channel = "file"
to = "journal"
per_hour = 1000

[[route]]
name = "programs"
to = ["planning", "archive"]
kinds = ["suspicion"]

[[gateway]]
name = "bus"
protocol = "kafka"
topic = "for-planning"

[[gateway]]
name = "journal"
protocol = "file"
path = "{file}"
"""


ANSWERS = """
[answers]
per_hour = 4

[[receiver]]
name = "duty"
channel = "sms"
to = "+000300000001"
per_hour = 1000
per_day = 1000

[[receiver]]
name = "consumers"
channel = "sms"
to = "consumer"
per_hour = 1000
per_day = 1000

[[route]]
name = "duty"
to = ["duty"]
kinds = ["suspicion"]

[[route]]
name = "load"
to = ["consumers"]
kinds = ["above-sanctioned"]

[[gateway]]
name = "web"
protocol = "twilio"
url = "http://127.0.0.1:{hook}"
account = "AC1"
token = {{ env = "TOKEN" }}
sender = "+15005550006"
inbound = {{ env = "INBOUND" }}

[[gateway]]
name = "sim"
protocol = "modem"
device = "{device}"
"""


STORM = """
[[receiver]]
name = "duty"
channel = "sms"
to = "+000300000001"

[[receiver]]
name = "chief"
channel = "sms"
to = "+000300000003"

[[receiver]]
name = "control"
channel = "webhook"
to = "control"
per_hour = 1000

[[route]]
name = "feeder"
to = ["duty", "chief"]
kinds = ["outage"]
feeders = ["F01"]
group_by = ["feeder"]
wait = "15 s"
interval = "1 h"

[[route]]
name = "others"
to = ["control"]
kinds = ["outage"]
feeders = ["F02"]

"""


LATENCY = """
[[receiver]]
name = "consumers"
channel = "sms"
to = "consumer"
per_hour = 1000
per_day = 1000

[[route]]
name = "load"
to = ["consumers"]
kinds = ["above-sanctioned"]

"""


class Peer:
    """A gateway that nobody here wrote, on a free port."""

    def __init__(self, modules, script, log, *options):
        env = dict(os.environ, NODE_PATH=str(modules), HOOK_SECRET=HOOK_SECRET)
        command = ["node", str(DELIVER / script), str(log), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        atexit.register(self.process.kill)
        self.log = Path(log)
        self.port = self.process.stdout.readline().strip()
        assert self.port.isdigit(), f"{script} does not start"

    def got(self):
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if "to" in line]


def run(args, *words, **options):
    """Runs the program, which must succeed."""
    done = subprocess.run([args.gridwarden, *map(str, words)], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"gridwarden {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Town:
    """A simulated town, its plan, and the folder of its outputs, which grow with each replay."""

    def __init__(self, args, folder, repeat=""):
        self.args, self.folder = args, folder
        self.readings, self.out = folder / "town/readings.ndjson", folder / "out"
        run(args, "-q", "simulate", "--meters", "300", "--days", "8", "--thieves", "12%", "--seed", args.seed,
            "--out", folder / "town")
        self.lines = self.readings.read_text(encoding="utf-8").splitlines(keepends=True)
        self.hooks = Peer(args.modules, "http-peer.js", folder / "hooks.log")
        self.says = folder / "says.ndjson"
        self.phones = Peer(args.modules, "peer.js", folder / "phones.log", "--says", str(self.says))
        plan = (HERE.parent.parent / "pipelines/routes.toml").read_text(encoding="utf-8")
        plan = plan.split("# Who can hear of something.")[0]
        self.plan = folder / "plan.toml"
        self.plan.write_text(plan + PEOPLE.format(smpp=self.phones.port, hook=self.hooks.port, repeat=repeat), encoding="utf-8")

    def replay(self, share, out=None):
        """Replays the first part of the readings into the folder that is served, or into another one."""
        out = out or self.out
        part = self.folder / "part.ndjson"
        part.write_text("".join(self.lines[: int(len(self.lines) * share)]), encoding="utf-8")
        run(self.args, "-q", "replay", self.plan, "--readings", part, "--topology", self.folder / "town/topology.csv",
            "--out", out)
        return self.open(out)

    def open(self, out=None):
        """The area of each case that is open in the outputs."""
        going_on = {}
        for line in ((out or self.out) / "notices.ndjson").read_text(encoding="utf-8").splitlines():
            notice = json.loads(line)
            if notice["kind"] != "suspicion":
                continue
            if notice["phase"] == "began":
                going_on[notice["episode"]] = notice["area"]
            else:
                going_on.pop(notice["episode"], None)
        return going_on


    def standing(self):
        """How much goes on, of any kind."""
        going_on = set()
        for line in (self.out / "notices.ndjson").read_text(encoding="utf-8").splitlines():
            notice = json.loads(line)
            if notice["phase"] == "began":
                going_on.add(notice["episode"])
            else:
                going_on.discard(notice["episode"])
        return len(going_on)


class Serve:
    """A running serve."""

    def __init__(self, town, requests=100_000, source=None, topology=True):
        self.town, self.requests = town, requests
        self.source = source or ("--results", town.out)
        if topology:
            self.source += ("--topology", town.folder / "town/topology.csv")
        self.store = town.folder / "store"
        self.log = open(town.folder / "serve.log", "a", encoding="utf-8")
        self.start()
        atexit.register(lambda: self.process.kill())

    def start(self):
        env = dict(os.environ, SMPP_PASSWORD="right", HOOK_SECRET=HOOK_SECRET, TOKEN="right", INBOUND=INBOUND)
        command = [self.town.args.gridwarden, "serve", self.town.plan, "--store", self.store, *self.source, "--listen", "127.0.0.1:0", "--requests", str(self.requests)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=env)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"serve does not start: {line}"
        self.url = line.split()[-1]
        until(lambda: self.get("/readyz")[0] == 200, "serve reads the outputs")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def token(self, name, role, *areas):
        options = ["--area", ",".join(areas)] if areas else []
        return run(self.town.args, "token", "add", name, "--role", role, *options, "--store", self.store).strip()

    def ask(self, method, path, token=None, body=None, headers=None):
        """The status and the JSON of an answer."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, as_json(answer.read())
        except urllib.error.HTTPError as refused:
            text = refused.read()
            kind = refused.headers.get("Content-Type")
            if path.startswith("/api/"):
                assert kind == "application/problem+json", f"{method} {path}: {refused.code} as {kind}"
            return refused.code, as_json(text)

    def get(self, path, token=None):
        return self.ask("GET", path, token)

    def all(self, path, token):
        """All items of a list, page by page."""
        items, after = [], ""
        while True:
            status, page = self.get(f"{path}?limit=7{after}", token)
            assert status == 200, f"{path}: {status} {page}"
            items += page["items"]
            if page["next"] is None:
                return items
            after = "&after=" + urllib.parse.quote(page["next"], safe="")

    def metrics(self, token):
        request = urllib.request.Request(self.url + "/metrics", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def metric(self, token, name):
        """A number of `/metrics`."""
        found = [line for line in self.metrics(token).splitlines() if line.startswith(name + " ")]
        return float(found[0].split()[-1]) if found else None

    def numbers(self, token):
        return self.get("/api/v1/status", token)[1]["numbers"]


def as_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"does not come to pass: {what}"
        time.sleep(0.1)


def cases_heard(peer):
    """How often the control room heard that each case opened."""
    heard = {}
    for one in peer.got():
        message = json.loads(one["text"])
        if message["id"].split(".again.")[0].endswith(".opened"):
            heard[message["case"]] = heard.get(message["case"], 0) + 1
    return heard


def expect(what, found, wanted):
    assert found == wanted, f"{what}: {found!r} instead of {wanted!r}"


def rights(args, folder):
    """Roles, areas, and requests that get the status they should."""
    town = Town(args, folder)
    opened = town.replay(1)
    serve = Serve(town)
    admin, operator, viewer = serve.token("a", "admin"), serve.token("o", "operator"), serve.token("v", "viewer")
    area, other = sorted(set(opened.values()))[:2]
    one_area = serve.token("one", "operator", area)
    case, foreign = (next(case for case, of in opened.items() if of == name) for name in (area, other))
    # What a token of one area sees is what is in that area, in every list.
    for path in ("/api/v1/alerts", "/api/v1/cases", "/api/v1/notices"):
        every, own = serve.all(path, viewer), serve.all(path, one_area)
        expect(path, own, [item for item in every if item["area"] == area])
        assert 0 < len(own) < len(every), f"{path}: {len(own)} of {len(every)}"
    until(lambda: len(serve.all("/api/v1/outbox", viewer)) >= 2 * len(opened), "the messages are in the outbox")
    until(lambda: all(serve.get("/api/v1/status", viewer)[1]["gateways"].values()), "both gateways are connected")
    messages = serve.all("/api/v1/outbox", operator)
    expect("outbox", {item["area"] for item in serve.all("/api/v1/outbox", one_area)}, {area})
    message = next(item["id"] for item in messages if item["area"] == other)
    quoted = lambda name: urllib.parse.quote(name, safe="")
    silence = serve.ask("POST", "/api/v1/silences", operator, {"minutes": 5, "reason": "x", "area": other})[1]["name"]
    for method, path, body in (
        ("GET", f"/api/v1/cases/{foreign}", None),
        ("GET", f"/api/v1/cases/{foreign}/evidence", None),
        ("GET", f"/api/v1/alerts/{foreign}.opened", None),
        ("PUT", f"/api/v1/acks/{foreign}", {}),
        ("GET", f"/api/v1/outbox/{quoted(message)}", None),
        ("POST", f"/api/v1/outbox/{quoted(message)}/retry", None),
        ("GET", f"/api/v1/silences/{silence}", None),
        ("DELETE", f"/api/v1/silences/{silence}", None),
        ("GET", f"/api/v1/cases?after={foreign}", None),
        ("GET", f"/api/v1/outbox?after={quoted(message)}", None),
    ):
        refused, unknown = serve.ask(method, path, one_area, body), serve.ask(
            method, path.replace(foreign, "no.such").replace(quoted(message), "no.such").replace(silence, "no.such"),
            one_area, body)
        expect(f"{method} {path} for another area", refused[0], 404)
        expect(f"{method} {path}: what exists and what does not", refused, unknown)
    # A phone is only for those who act.
    shown = lambda token: next(item["to"] for item in serve.all("/api/v1/outbox", token) if item["way"] == "sms")
    assert shown(operator).startswith("+") and shown(viewer).startswith("***"), (shown(operator), shown(viewer))
    assert not any("+000" in (item["text"] or "") for item in serve.all("/api/v1/outbox", viewer))
    new = {"minutes": 5, "reason": "works"}
    for what, status, request in (
        ("no token", 401, ("GET", "/api/v1/cases")),
        ("a wrong token", 401, ("GET", "/api/v1/cases", admin[:-1] + "_")),
        ("another scheme", 401, ("GET", "/api/v1/cases", None, None, {"Authorization": f"Basic {admin}"})),
        ("a viewer who silences", 403, ("POST", "/api/v1/silences", viewer, new)),
        ("a viewer who acknowledges", 403, ("PUT", f"/api/v1/acks/{case}", viewer, {})),
        ("a viewer who drops", 403, ("POST", f"/api/v1/outbox/{quoted(message)}/drop", viewer)),
        ("an operator who makes tokens", 403, ("POST", "/api/v1/tokens", operator, {"name": "x", "role": "admin"})),
        ("an operator who reads the log", 403, ("GET", "/api/v1/audit", operator)),
        ("a silence for all by a token of one area", 403, ("POST", "/api/v1/silences", one_area, new)),
        ("a silence of another area", 403, ("POST", "/api/v1/silences", one_area, {**new, "area": other})),
        ("no such path", 404, ("GET", "/api/v1/nothing", admin)),
        ("a wrong method", 405, ("DELETE", "/api/v1/cases", admin)),
        ("too long", 413, ("POST", "/api/v1/silences", operator, {**new, "reason": "x" * 20_000})),
        ("no JSON", 415, ("POST", "/api/v1/silences", operator, b"minutes=5", {"Content-Type": "text/plain"})),
        ("broken JSON", 400, ("POST", "/api/v1/silences", operator, b"{", {"Content-Type": "application/json"})),
        ("an unknown key", 422, ("POST", "/api/v1/silences", operator, {**new, "feader": "F01"})),
        ("an unknown kind", 422, ("POST", "/api/v1/silences", operator, {**new, "kind": "theft"})),
        ("no reason", 422, ("POST", "/api/v1/silences", operator, {**new, "reason": " "})),
        ("for ever", 422, ("POST", "/api/v1/silences", operator, {**new, "minutes": 10**6})),
        ("an admin of areas", 422, ("POST", "/api/v1/tokens", admin, {"name": "x", "role": "admin", "areas": ["A"]})),
        ("a limit of nothing", 400, ("GET", "/api/v1/cases?limit=0", viewer)),
        ("an unknown parameter", 400, ("GET", "/api/v1/cases?page=2", viewer)),
        ("what is over", 409, ("PUT", f"/api/v1/acks/{closed_case(town, opened)}", operator, {})),
    ):
        expect(what, serve.ask(*request)[0], status)
    slow(serve, operator)
    events(serve, viewer, one_area, operator, [other, area])
    # A token is good until it is revoked, and its text is nowhere in the store.
    ids = {one["name"]: one["id"] for one in serve.get("/api/v1/tokens", admin)[1]["items"]}
    expect("revoke", serve.ask("DELETE", f"/api/v1/tokens/{ids['v']}", admin)[0], 204)
    expect("a revoked token", serve.get("/api/v1/cases", viewer)[0], 401)
    secrets = [token.split("_", 2)[2].encode() for token in (admin, operator, viewer, one_area)]
    for path in [*serve.store.iterdir(), town.folder / "serve.log"]:
        content = path.read_bytes()
        assert not any(secret in content for secret in (*secrets, b"+0003", HOOK_SECRET.encode()) if
                       path.name == "serve.log" or secret != b"+0003"), f"{path.name} holds a secret"
    audit = [line["what"] for line in serve.all("/api/v1/audit", admin)]
    expect("the log of changes", audit, ["token.revoke", *["silence.add"] * 3, *["token.add"] * 4])
    # Few requests are allowed, so the next one is too many; others are not held up.
    serve.kill()
    serve.requests = 1
    serve.start()
    statuses = [serve.get("/api/v1/whoami", operator)[0] for _ in range(12)]
    assert 429 in statuses and statuses[0] == 200, statuses
    expect("another token", serve.get("/api/v1/whoami", admin)[0], 200)
    print(f"rights: {len(opened)} open cases in {len(set(opened.values()))} areas; every status as it should be")


def closed_case(town, opened):
    for line in (town.out / "notices.ndjson").read_text(encoding="utf-8").splitlines():
        notice = json.loads(line)
        if notice["kind"] == "suspicion" and notice["episode"] not in opened:
            return notice["episode"]
    raise SystemExit("the town has no case that closed: take another --seed")


class Events:
    """What a client hears that stays."""

    def __init__(self, serve, token, last=None):
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
        request = urllib.request.Request(serve.url + "/api/v1/events", headers=headers)
        self.lines = urllib.request.urlopen(request, timeout=PATIENCE)

    def next(self):
        """The next event, with its id and its data."""
        event = {}
        for line in self.lines:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if not name and "event" in event:
                return event["event"], event["id"], json.loads(event["data"])["id"] if event["data"] != "{}" else None
            event[name] = value
        raise SystemExit("the events have ended")


def events(serve, whole, part, act, areas):
    """Who stays hears of what is new in the areas that the token knows, and goes on where it was."""
    every, own = Events(serve, whole), Events(serve, part)
    expect("the first event", (every.next()[0], own.next()[0]), ("begin", "begin"))
    names = [serve.ask("POST", "/api/v1/silences", act, {"minutes": 1, "reason": "x", "area": area})[1]["name"] for area in areas]
    heard = [every.next() for _ in names]
    expect("what all areas hear", [(name, of) for name, _, of in heard], [("silence", name) for name in names])
    expect("what one area hears", own.next()[2], names[1])
    again = Events(serve, whole, last=heard[0][1])
    expect("what was missed", again.next(), heard[1])
    expect("too much was missed", Events(serve, whole, last="f00-1").next()[0], "reset")


def slow(serve, token):
    """A body that does not come is given up, and others are answered meanwhile."""
    address = urllib.parse.urlparse(serve.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
    connection.putrequest("POST", "/api/v1/silences")
    for name, value in (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"), ("Content-Length", "99")):
        connection.putheader(name, value)
    connection.endheaders(b"{")
    expect("another request meanwhile", serve.get("/api/v1/whoami", token)[0], 200)
    expect("a slow body", connection.getresponse().status, 408)


def decisions(args, folder):
    """A silenced alert is not sent until the silence ends, an acknowledged one stops repeating, and a kill changes neither."""
    # An address gets 1,000 messages a day at most, reminders too.
    town = Town(args, folder, 'repeat = "4 s"')
    before = town.replay(0.4)
    serve = Serve(town)
    token = serve.token("control", "operator")
    until(lambda: set(before) <= set(cases_heard(town.hooks)), "what goes on is sent")
    areas = [area for case, area in town.replay(1, folder / "later").items() if case not in before]
    area = max(set(areas), key=areas.count)
    env = dict(os.environ, GRIDWARDEN_URL=serve.url, GRIDWARDEN_TOKEN=token)
    run(args, "silence", "add", "--area", area, "--reason", "works", "--for", "1h", env=env)
    # Who stays hears of the alerts of outputs that are read again, and of no other one.
    known = {alert["id"] for alert in serve.all("/api/v1/alerts", token)}
    hears = Events(serve, token)
    opened = town.replay(1)
    until(lambda: len(serve.all("/api/v1/alerts", token)) > len(known), "the new outputs are read")
    new = {alert["id"] for alert in serve.all("/api/v1/alerts", token)} - known
    heard = set()
    while len(heard) < len(new):
        name, _, of = hears.next()
        heard |= {of} if name == "alert" else set()
    expect("alerts that are heard of", heard, new)
    kept = {case for case, of in opened.items() if of == area and case not in before}
    others = set(opened) - set(before) - kept
    assert kept and others, f"{len(kept)} kept back, {len(others)} others: take another --seed"
    until(lambda: others <= set(cases_heard(town.hooks)), "the others are sent")
    # Two errands a case: one to the meter reader, one to the control room.
    until(lambda: serve.numbers(token)["silenced_now"] == 2 * len(kept), "what is kept back is counted")
    serve.kill()
    serve.start()
    time.sleep(3)
    expect("sent in spite of the silence", kept & set(cases_heard(town.hooks)), set())
    expect("kept back after a kill", serve.numbers(token)["silenced_now"], 2 * len(kept))
    # An acknowledgement, while another case goes on and is repeated.
    mine, theirs = sorted(others)[:2] if len(others) > 1 else (min(others), min(set(before) & set(opened)))
    env["GRIDWARDEN_URL"] = serve.url
    run(args, "ack", mine, "--note", "on my way", env=env)
    expect("a second one", serve.ask("PUT", f"/api/v1/acks/{mine}", token, {})[0], 200)
    # What was on its way arrives.
    time.sleep(1)
    mine_before, theirs_before = cases_heard(town.hooks)[mine], cases_heard(town.hooks)[theirs]
    serve.kill()
    serve.start()
    until(lambda: cases_heard(town.hooks)[theirs] >= theirs_before + 2, "the other one is repeated")
    expect("repeats of what is acknowledged", cases_heard(town.hooks)[mine], mine_before)
    expect("who takes care", serve.get(f"/api/v1/cases/{mine}", token)[1]["acknowledged"]["author"], "control")
    # The end of the silence, by the store of a serve that does not run.
    serve.kill()
    listed = run(args, "silence", "list", "--store", serve.store)
    assert "active" in listed and f"area {area}" in listed, listed
    run(args, "silence", "end", listed.split()[0], "--store", serve.store)
    serve.start()
    until(lambda: kept <= set(cases_heard(town.hooks)), "what was kept back is sent when the silence ends")
    until(lambda: serve.numbers(token)["silenced_now"] == 0, "nothing is kept back any more")
    phones = {one["id"] for one in town.phones.got()}
    assert len(phones) >= len(opened), f"{len(phones)} SMS for {len(opened)} cases"
    print(f"decisions: {len(kept)} of {len(opened)} cases kept back and sent later, one acknowledged, 3 kills")


def kills(args, folder):
    """Killed while outputs grow: what goes on is sent in the end, and twice only what had no answer yet."""
    generator = random.Random(args.seed)
    town = Town(args, folder)
    town.replay(0.3)
    serve = Serve(town)
    ever = set()
    for turn in range(args.kills):
        # Each replay has more of the readings, so each has cases that the one before had not.
        ever |= set(town.replay(0.3 + 0.7 * (turn + 1) / args.kills))
        time.sleep(generator.uniform(0, 1.2))
        serve.kill()
        serve.start()
    opened = set(town.open())
    until(lambda: opened <= set(cases_heard(town.hooks)), "what goes on is sent")
    token = serve.token("t", "viewer")
    until(lambda: serve.numbers(token)["messages_waiting"] == 0, "the outbox is empty")
    heard = cases_heard(town.hooks)
    strange = set(heard) - ever - opened
    expect("heard of what never was", strange, set())
    twice = sum(count - 1 for count in heard.values())
    # A window of the gateway may be unanswered at each kill.
    assert twice <= 10 * args.kills, f"{twice} twice"
    print(f"kills: {args.kills}, 0 of {len(opened)} lost, {twice} twice of {10 * args.kills} allowed")


def topics(args, folder):
    """What a run writes to topics is served as what a replay writes to files, and a kill changes nothing."""
    kafka = [HERE.parent / "kafka", "--dir", folder / "kafka"]
    atexit.register(subprocess.run, [*kafka, "down", "--purge"], capture_output=True)
    up = subprocess.run([*kafka, "up"], capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    brokers = up.stdout.strip().removeprefix("BROKERS=")
    town = Town(args, folder)
    plan = town.plan.read_text(encoding="utf-8")
    names = "\n".join(f'{topic} = "{topic}"' for topic in (*TOPICS, "topology"))
    town.plan.write_text(plan + KAFKA.format(topics=names) + TO_PROGRAMS.format(file=folder / "spool.ndjson"), encoding="utf-8")
    # In time order, as the topic has it.
    opened = town.replay(1)
    run(args, "-q", "simulate", "--meters", "300", "--days", "8", "--thieves", "12%", "--seed", args.seed, "--brokers", brokers,
        "--topic", "readings", "--create-topics", "--partitions", "3", "--out", folder / "sent")
    for topic in (*TOPICS, "for-planning", "topology"):
        subprocess.run([*kafka, "topic", "create", topic, "--partitions", "3"], check=True, capture_output=True)

    def place(lines):
        """Rows of the topology: a key, and JSON or nothing. Kafka's own writer, which nobody here wrote."""
        marks = ("parse.key=true", "key.separator=|", "null.marker=NOTHING")
        tool = ("org.apache.kafka.tools.ConsoleProducer", "--topic", "topology", *(word for mark in marks for word in ("--property", mark)))
        subprocess.run([*kafka, "tool", *tool], check=True, input="".join(f"{key}|{row}\n" for key, row in lines), capture_output=True, text=True)

    columns = ("meter", "role", "area", "feeder", "transformer", "phone", "reader_phone")
    rows = csv.DictReader((folder / "town/topology.csv").open(encoding="utf-8"))
    place((row["meter"], json.dumps({name: row[name] for name in columns if row.get(name)})) for row in rows)
    serve = Serve(town, source=("--brokers", brokers), topology=False)
    token = serve.token("t", "viewer")
    is_known = lambda meter: serve.get(f"/api/v1/meters/{meter}", token)[0] == 200
    assert is_known("M000001") and not is_known("NEW1")
    place([("NEW1", json.dumps({"meter": "NEW1", "role": "consumer", "area": "A01", "phone": "+919899999999"}))])
    until(lambda: is_known("NEW1"), "a new meter is known without a restart")
    place([("NEW1", "NOTHING")])
    until(lambda: not is_known("NEW1"), "a meter that is taken away is known no more")
    expect("before the run", serve.all("/api/v1/cases", token), [])
    # From here on everything is new to serve.
    run(args, "-q", "run", town.plan, "--brokers", brokers, "--checkpoints", folder / "checkpoints", "--topology",
        folder / "town/topology.csv", "--until-end")
    ids = lambda name: {json.loads(line)["id"] for line in (town.out / name).read_text(encoding="utf-8").splitlines()}
    of = lambda path: {item["id"] for item in serve.all(path, token)}
    until(lambda: of("/api/v1/notices") == ids("notices.ndjson"), "every notice has come")
    until(lambda: set(opened) <= set(cases_heard(town.hooks)), "what goes on is sent")
    expect("alerts", of("/api/v1/alerts"), ids("alerts.ndjson"))
    is_open = {item["id"] for item in serve.all("/api/v1/cases", token) if item["state"] == "open"}
    expect("cases that are open", is_open, set(opened))
    facts = serve.get(f"/api/v1/cases/{min(opened)}/evidence", token)[1]["facts"]
    assert {fact["run"] for fact in facts} == {"opening", "strongest"}, facts
    until(lambda: serve.numbers(token)["messages_waiting"] == 0, "the outbox is empty")
    heard = cases_heard(town.hooks)
    serve.kill()
    serve.start()
    expect("cases after a kill", {item["id"] for item in serve.all("/api/v1/cases", token) if item["state"] == "open"}, set(opened))
    time.sleep(3)
    expect("sent again", cases_heard(town.hooks), heard)
    # Kafka's own reader, which nobody here wrote.
    reader = ("org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", "for-planning", "--from-beginning", "--timeout-ms", "8000")
    read = subprocess.run([*kafka, "tool", *reader], capture_output=True, text=True)
    in_file = [json.loads(line) for line in (folder / "spool.ndjson").read_text(encoding="utf-8").splitlines()]
    in_topic = [json.loads(line) for line in read.stdout.splitlines()]
    for name, found in (("file", in_file), ("topic", in_topic)):
        opened_there = [one["case"] for one in found if one["id"].endswith(".opened")]
        expect(f"cases in the {name}", sorted(opened_there), sorted(heard))
    print(f"topics: {len(of('/api/v1/alerts'))} alerts and {len(opened)} open cases as in files, {len(heard)} cases sent once")


def pdu(number, text):
    """What a phone sent, as a modem has it: SMS-DELIVER in UCS-2."""
    digits = number.removeprefix("+")
    halves = "".join(b + a for a, b in zip(*[iter(digits + "F" * (len(digits) % 2))] * 2))
    data = text.encode("utf-16-be")
    return f"0004{len(digits):02X}91{halves}000862101190700000{len(data):02X}{data.hex().upper()}"


def answers(args, folder):
    """What phones send over SMPP, over HTTP and to a modem is answered once; STOP holds over a kill; strangers hear nothing."""
    inbox = folder / "inbox.txt"
    inbox.touch()
    modem = subprocess.Popen([sys.executable, DELIVER / "modem.py", folder / "modem.log", "--inbox", inbox], stdout=subprocess.PIPE, text=True)
    atexit.register(modem.kill)
    town = Town(args, folder)
    plan = town.plan.read_text(encoding="utf-8")
    extra = ANSWERS.format(hook=town.hooks.port, device=modem.stdout.readline().strip())
    town.plan.write_text(plan + extra, encoding="utf-8")
    town.replay(0.3)
    run(args, "-q", "replay", town.plan, "--readings", folder / "part.ndjson", "--topology", folder / "town/topology.csv", "--csv",
        "--out", folder / "tables")
    rows = csv.DictReader((folder / "tables/csv/demand.csv").open(encoding="utf-8"))
    used = {row["meter"]: int(row["energy_wh"]) for row in rows if row["zone"] == "all"}
    # The last two with a phone have the same one.
    table = folder / "town/topology.csv"
    phones = {row["meter"]: row["phone"] for row in csv.DictReader(table.open(encoding="utf-8"))}
    two = sorted(meter for meter in phones if phones[meter])[-2:]
    table.write_text(table.read_text(encoding="utf-8").replace(phones[two[1]], phones[two[0]]), encoding="utf-8")
    phones[two[1]] = phones[two[0]]
    serve = Serve(town)
    token = serve.token("t", "operator")

    def say(number, text):
        with town.says.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"from": number.removeprefix("+"), "text": text}) + "\n")

    def heard(number):
        """Answers to a phone. They are told from other messages by their ids in the outbox."""
        items = serve.all("/api/v1/outbox", token)
        return [item["text"] for item in reversed(items) if item["id"].startswith("answer.") and item["to"] == number]

    def got(number):
        return [part["text"] for part in town.phones.got() if "+" + part["to"] == number]

    first = next(meter for meter in sorted(phones) if phones[meter])
    phone = phones[first]
    say(phone, "use")
    until(lambda: heard(phone), "USE is answered")
    tenths = (used[first] + 50) // 100
    wanted = f"Meter {first}: {tenths // 10}.{tenths % 10} kWh from "
    assert heard(phone)[0].startswith(wanted), f"{heard(phone)} instead of {wanted}"
    until(lambda: heard(phone)[0] in got(phone), "the answer arrives")
    # The same again is what a gateway does that did not hear the confirmation; a stranger, and something that is no text.
    say(phone, "use")
    say("+999900000001", "USE")
    for text in ("BAL", "what?", "help"):
        say(phone, text)
    until(lambda: len(heard(phone)) == 4, "four answers")
    say(phone, "balance")
    fate = lambda name: serve.metric(token, f'gridwarden_serve_phones_total{{fate="{name}"}}')
    until(lambda: (fate("unknown"), fate("repeated"), fate("limited"), fate("answered")) == (1, 1, 1, 4), "strangers, repeats and too much")
    expect("answers", len(heard(phone)), 4)
    expect("to a stranger", got("+999900000001"), [])
    say(phones[two[0]], "BAL")
    until(lambda: len(heard(phones[two[0]])) == 2, "an SMS for each of two meters")
    wanted = [f"No balance is known of meter {meter}. Send USE for its use." for meter in two]
    expect("of two meters", sorted(heard(phones[two[0]])), wanted)
    # The stranger becomes a consumer while serve runs.
    before = table.read_text(encoding="utf-8")
    table.write_text(before.replace(phones[two[0]], "+999900000001"), encoding="utf-8")

    def is_answered():
        say("+999900000001", "USE")
        time.sleep(1)
        return heard("+999900000001")

    until(is_answered, "a new phone is known without a restart")
    table.write_text(before, encoding="utf-8")
    words = ("theft", "suspicion", "fraud", "tamper")
    assert not [text for text in heard(phone) if any(word in text.lower() for word in words)]

    # STOP over HTTP, and then somebody to whom something happens.
    told = {}
    for line in (town.out / "notices.ndjson").read_text(encoding="utf-8").splitlines():
        told[json.loads(line)["id"]] = True
    town.replay(1, folder / "whole")
    later = [json.loads(line) for line in (folder / "whole/notices.ndjson").read_text(encoding="utf-8").splitlines()]
    later = [one for one in later if one["id"] not in told and one["kind"] == "above-sanctioned" and phones.get(one["meter"])]
    meters = sorted({one["meter"] for one in later})
    assert len(meters) > 1, "nothing happens to two consumers later"
    quiet, other = phones[meters[0]], phones[meters[1]]
    path = f"/inbound/web/{INBOUND}"
    form = lambda number, text: urllib.parse.urlencode({"From": number, "Body": text, "MessageSid": "SM1"}).encode()
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    expect("a wrong key", serve.ask("POST", "/inbound/web/wrong", None, form(quiet, "STOP"), as_form)[0], 404)
    expect("another gateway", serve.ask("POST", f"/inbound/smsc/{INBOUND}", None, form(quiet, "STOP"), as_form)[0], 404)
    expect("without a text", serve.ask("POST", path, None, b"From=1", as_form)[0], 400)
    before = len(got(quiet))
    expect("STOP", serve.ask("POST", path, None, form(quiet, "stop"), as_form)[0], 200)
    serve.kill()
    serve.start()
    until(lambda: heard(quiet), "STOP is answered")
    expect("the answer", heard(quiet), ["You get no more messages. Send START to get them again."])
    town.replay(1)
    until(lambda: len(got(other)) > 0, "the other consumer hears")
    until(lambda: serve.numbers(token)["messages_waiting"] == 0, "the outbox is empty")
    # The kill may fall between the gateway's receipt and its record, and then the answer goes out again: no other text does.
    expect("after STOP", set(got(quiet)[before:]), set(heard(quiet)))
    serve.ask("POST", path, None, form(quiet, "START"), as_form)
    until(lambda: len(heard(quiet)) == 2, "START is answered")

    # Who is on duty takes care by a modem.
    case = min(town.open())
    meter = case.split(".")[1]
    with inbox.open("a", encoding="ascii") as file:
        file.write(pdu("+000300000001", f"ACK {meter}") + "\n" + pdu("+000300000001", "STOP") + "\n")
    until(lambda: len(heard("+000300000001")) == 2, "ACK and STOP of who is on duty are answered")
    ack = serve.get(f"/api/v1/acks/{urllib.parse.quote(case)}", token)[1]
    expect("who takes care", ack["author"], "duty")
    expect("answers on duty", heard("+000300000001")[0], f"You take care of {case} now.")
    deleted = lambda: [line for line in (folder / "modem.log").read_text().splitlines() if "deleted" in line]
    until(lambda: len(deleted()) == 2, "the modem keeps nothing")
    status = serve.ask("DELETE", f"/api/v1/acks/{urllib.parse.quote(case)}", token)[0]
    expect("taken back", (status, serve.get(f"/api/v1/acks/{urllib.parse.quote(case)}", token)[0]), (204, 404))
    print("answers: over SMPP, HTTP and a modem, each once; a stranger, a repeat and one too many without; STOP held over a kill")


def storm(args, folder):
    """Events of one feeder come by thousands a second: each receiver gets one message, and alerts of another feeder pass."""
    kafka = [HERE.parent / "kafka", "--dir", folder / "kafka"]
    atexit.register(subprocess.run, [*kafka, "down", "--purge"], capture_output=True)
    up = subprocess.run([*kafka, "up"], capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    brokers = up.stdout.strip().removeprefix("BROKERS=")
    subprocess.run([*kafka, "topic", "create", "notices"], check=True, capture_output=True)
    town = Town(args, folder)
    plan = town.plan.read_text(encoding="utf-8").split("\n[[receiver]]")[0]
    gateways = "[[gateway]]" + PEOPLE.split("[[gateway]]", 1)[1].format(smpp=town.phones.port, hook=town.hooks.port)
    town.plan.write_text(plan + STORM + gateways + KAFKA.format(topics='notices = "notices"'), encoding="utf-8")
    serve = Serve(town, source=("--brokers", brokers))
    token = serve.token("t", "viewer")
    # Kafka's own writer, which nobody here wrote.
    writer = ("org.apache.kafka.tools.ConsoleProducer", "--topic", "notices", "--producer-property", "linger.ms=0", "--timeout", "1")
    writer = subprocess.Popen([*kafka, "tool", *writer], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def began(number, feeder):
        time_of, meter = "2024-01-05T10:45:00Z", f"{feeder}M{number:05}"
        words = [{"name": "role", "text": "consumer"}, {"name": "consumers", "text": "1"}, {"name": "since", "time": time_of}]
        return json.dumps({
            "id": f"outage.consumer.{meter}.began", "episode": f"outage.consumer/{meter}/{time_of}", "kind": "outage",
            "phase": "began", "severity": "low", "time": time_of, "role": "meter", "target": meter, "meter": meter,
            "transformer": None, "feeder": feeder, "area": "A01", "class": None, "phone": None, "case": None, "brief": "",
            "seen": None, "words": words})

    said, heard, others = {}, {}, max(args.storm // 500, 10)
    def look():
        for one in town.hooks.got():
            heard.setdefault(json.loads(one["text"])["id"], time.monotonic())
    # The writer and serve are warm.
    writer.stdin.write(began(99_999, "F02") + "\n")
    writer.stdin.flush()
    until(lambda: look() or heard, "the first alert arrives")
    start, looked = time.monotonic(), 0
    for number in range(args.storm):
        writer.stdin.write(began(number, "F01") + "\n")
        if number % (args.storm // others) == 0:
            one = json.loads(began(number, "F02"))
            writer.stdin.write(json.dumps(one) + "\n")
            writer.stdin.flush()
            said[f"webhook.others.control.{one['id']}"] = time.monotonic()
        while time.monotonic() < start + number / 5_000:
            look()
    writer.stdin.close()
    wrote = time.monotonic() - start
    until(lambda: look() or said.keys() <= heard.keys(), "every alert of the other feeder arrives")
    # The group waits for 15 s, and its errands are seen meanwhile, those that it only counts as well.
    waited = []
    waits_for = lambda: waited.append(serve.numbers(token)["grouped"])
    got = lambda: [(part["to"], part["text"]) for part in town.phones.got() if part.get("joined") is None or part["joined"]["part"] == 1]
    until(lambda: waits_for() or len(got()) >= 2, "the storm is told")
    assert max(waited) > 0, "nobody sees what waits"
    until(lambda: serve.numbers(token)["notices"] >= args.storm, "all has come")
    time.sleep(3)
    expect("receivers", sorted(to for to, _ in got()), ["000300000001", "000300000003"])
    assert f"{args.storm}" in got()[0][1], got()[0]
    waits = sorted(heard[key] - said[key] for key in said)
    peak = next(line for line in Path(f"/proc/{serve.process.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(f"storm: {args.storm} events in {wrote:.1f} s, one message for each of 2 receivers; {len(waits)} alerts of another feeder "
          f"after {waits[len(waits) // 2]:.2f} s (median), {waits[int(len(waits) * 0.99)]:.2f} s (p99); {max(waited)} errands seen to wait; {' '.join(peak.split())}")


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def latency(args, folder):
    """From the reading that settles its tick to the phone of the consumer, with one trace all the way."""
    kafka = [HERE.parent / "kafka", "--dir", folder / "kafka"]
    atexit.register(subprocess.run, [*kafka, "down", "--purge"], capture_output=True)
    up = subprocess.run([*kafka, "up"], capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    brokers = up.stdout.strip().removeprefix("BROKERS=")
    for topic in ("readings", "notices"):
        subprocess.run([*kafka, "topic", "create", topic], check=True, capture_output=True)
    meters, live = 4 * args.blocks, 96
    run(args, "-q", "simulate", "--meters", meters, "--days", "3", "--seed", args.seed, "--out", folder / "town")
    ticks, quarter = {}, 900_000
    for line in (folder / "town/readings.ndjson").read_text(encoding="utf-8").splitlines():
        ticks.setdefault(json.loads(line)["time"] // quarter * quarter, []).append(line)
    times = sorted(ticks)[: live + 2 * args.blocks + 4]
    # From the end of the first day on, whatever some consumers use is above their sanctioned load, four in each half hour.
    topology = folder / "town/topology.csv"
    rows = list(csv.DictReader(topology.open(encoding="utf-8")))
    with topology.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        consumers = 0
        for row in rows:
            if row["role"] != "consumer":
                writer.writerow(row)
                continue
            since = moment(times[live + 2 * (consumers // 4)])
            consumers += 1
            writer.writerow({**row, "sanctioned_w": "1000000", "to": since})
            writer.writerow({**row, "sanctioned_w": "1", "from": since})
    phones = Peer(args.modules, "peer.js", folder / "phones.log", "--receipts")
    plan = (HERE.parent.parent / "pipelines/routes.toml").read_text(encoding="utf-8")
    plan = plan.split("# Who can hear of something.")[0].replace('grace = "15 min"', 'grace = "1 s"')
    gateway = "[[gateway]]" + PEOPLE.split("[[gateway]]", 2)[1].format(smpp=phones.port)
    town = SimpleNamespace(args=args, folder=folder, plan=folder / "plan.toml")
    town.plan.write_text(plan + LATENCY + gateway + KAFKA.format(topics='notices = "notices"'), encoding="utf-8")
    serve = Serve(town, source=("--brokers", brokers))
    token = serve.token("t", "viewer")
    engine = [args.gridwarden, "-q", "run", town.plan, "--brokers", brokers, "--checkpoints", folder / "checkpoints", "--topology", topology]
    engine = subprocess.Popen(list(map(str, engine)), stdout=subprocess.DEVNULL, stderr=serve.log)
    atexit.register(engine.kill)
    # Kafka's own writer and reader, which nobody here wrote.
    tool = lambda name, *words: [*kafka, "tool", f"org.apache.kafka.tools.{name}", *words]
    writer = tool("ConsoleProducer", "--topic", "readings", "--producer-property", "linger.ms=0", "--timeout", "1")
    writer = subprocess.Popen(writer, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    # When each message went to the broker, by its offset. The first day is for warmth.
    sent = []
    for number, time_of in enumerate(times):
        writer.stdin.write("\n".join(ticks[time_of]) + "\n")
        sent += [time.time()] * len(ticks[time_of])
        writer.stdin.flush()
        if number >= live:
            time.sleep(0.2)
    writer.stdin.close()
    writer.wait()
    # What a replay of the same finds, but for the last hour, which no later reading closes.
    part = folder / "part.ndjson"
    part.write_text("".join(line + "\n" for time_of in times for line in ticks[time_of]), encoding="utf-8")
    run(args, "-q", "replay", town.plan, "--readings", part, "--topology", topology, "--out", folder / "out")
    wanted = [json.loads(line) for line in (folder / "out/notices.ndjson").read_text(encoding="utf-8").splitlines()]
    wanted = {one["id"] for one in wanted if one["kind"] == "above-sanctioned" and one["time"] <= moment(times[-4])}
    names = lambda: {item["id"].split(".", 3)[3] for item in serve.all("/api/v1/outbox", token)}
    until(lambda: wanted <= names(), "what a replay finds is a message")
    until(lambda: serve.numbers(token)["messages_waiting"] == 0, "the outbox is empty")
    # The trace in the topic, in the outbox, and what arrived under the name that the gateway gave.
    reader = tool("consumer.ConsoleConsumer", "--topic", "notices", "--from-beginning", "--timeout-ms", "8000", "--property", "print.headers=true")
    read = subprocess.run(reader, capture_output=True, text=True)
    traces = {}
    for line in read.stdout.splitlines():
        headers, _, value = line.partition("\t")
        header = headers.removeprefix("traceparent:").split("-")
        assert headers.startswith("traceparent:") and len(header) == 4, f"a notice without a trace: {line}"
        notice = json.loads(value)
        if notice["kind"] == "above-sanctioned":
            traces[notice["id"]] = header[1]
    items = serve.all("/api/v1/outbox", token)
    of_message = {item["id"]: item for item in items}
    expect("messages", len(of_message), len(traces))
    expect("traces of messages", {name.split(".", 3)[3]: item["trace"] for name, item in of_message.items()}, traces)
    expect("states", {item["state"] for item in items}, {"delivered"})
    shown = run(args, "outbox", "show", serve.store / "store.sqlite", items[0]["id"])
    assert items[0]["trace"] in shown, shown
    arrived = {}
    for part in phones.got():
        arrived.setdefault(part["id"], []).append(part["at"] / 1000)
    expect("arrived once", (len(arrived), {len(times) for times in arrived.values()}), (len(items), {1}))
    waits = []
    with sqlite3.connect(f"file:{serve.store}/store.sqlite?mode=ro", uri=True) as store:
        for name, remote in store.execute("SELECT id, remote FROM messages JOIN parts USING (number)"):
            waits.append(arrived[remote][0] - sent[int(of_message[name]["trace"][16:], 16)])
    engine.kill()
    waits.sort()
    print(f"latency: {len(waits)} messages, each once and with the trace of the reading that settled its tick; from the reading to "
          f"the phone {waits[len(waits) // 2]:.2f} s (median), {waits[int(len(waits) * 0.99)]:.2f} s (p99)")


def numbers(args, folder):
    """promtool finds nothing in the numbers and the rules, and what the numbers say is what happened."""
    promtool = os.environ["PROMTOOL"]
    operating = HERE.parent.parent / "docs/operating"
    for words in (["check", "rules", "serve-rules.yml"], ["test", "rules", "serve-rules-test.yml"]):
        done = subprocess.run([promtool, *words], cwd=operating, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    town = Town(args, folder)
    opened = town.replay(1)
    serve = Serve(town)
    whole, part = serve.token("prometheus", "viewer"), serve.token("part", "operator", "A01")
    operator = serve.token("night shift", "operator")
    expect("without a token", serve.get("/metrics")[0], 401)
    expect("with a token of an area", serve.get("/metrics", part)[0], 403)
    name = lambda text: "gridwarden_serve_" + text
    standing = town.standing()
    until(lambda: serve.metric(whole, name("alarms_unacknowledged")) == standing, "all that goes on is counted")
    expect("standing", serve.metric(whole, name("alarms_standing")), standing)
    until(lambda: serve.metric(whole, name('operator_messages_total{receiver="control"}')) == len(opened), "messages are counted")
    case = min(opened)
    expect("ack", serve.ask("PUT", f"/api/v1/acks/{urllib.parse.quote(case)}", operator, {})[0], 201)
    until(lambda: serve.metric(whole, name("alarms_unacknowledged")) == standing - 1, "somebody takes care")
    # The simulated town is of the past: what goes on has gone on for long.
    expect("stale", serve.metric(whole, name("alarms_stale")), standing)
    assert serve.metric(whole, name("acknowledge_median_seconds")) > 0
    until(lambda: serve.metric(whole, name('gateway_up{gateway="smsc"}')) == 1, "the gateway is up")
    done = subprocess.run([promtool, "check", "metrics"], input=serve.metrics(whole), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # A meter, for those who may know its area; its phone is for operators.
    meter, area = case.split(".")[1], opened[case]
    found = serve.get(f"/api/v1/meters/{meter}", operator)[1]
    expect("the place of a meter", (found["area"], found["role"], [one["episode"] for one in found["goes_on"]]), (area, "consumer", [case]))
    assert found["used"]["energy_wh"] > 0 and found["goes_on"][0]["acknowledged"]["author"] == "night shift", found
    hidden = serve.get(f"/api/v1/meters/{meter}", whole)[1]["phone"]
    assert hidden != found["phone"] and hidden.endswith(found["phone"][-3:]) and hidden.startswith("***"), hidden
    expect("a meter of another area", serve.get(f"/api/v1/meters/{meter}", part)[0], 200 if area == "A01" else 404)
    expect("a meter that is none", serve.get("/api/v1/meters/x", operator)[0], 404)
    # What an inspector found.
    path = f"/api/v1/cases/{urllib.parse.quote(case)}/results"
    found = {"outcome": "meter-fault", "cause": "neutral loose"}
    expect("a viewer", serve.ask("POST", path, whole, found)[0], 403)
    expect("an outcome that is none", serve.ask("POST", path, operator, {"outcome": "thief"})[0], 422)
    expect("a case that is none", serve.ask("POST", path.replace(urllib.parse.quote(case), "x"), operator, found)[0], 404)
    for cause in ("neutral loose", "neutral loose at the terminal"):
        expect("a result", serve.ask("POST", path, operator, {**found, "cause": cause})[0], 201)
    serve.kill()
    serve.start()
    items = serve.get(path, whole)[1]["items"]
    expect("the case", serve.get(f"/api/v1/cases/{urllib.parse.quote(case)}", whole)[1]["outcome"], "meter-fault")
    expect("results", [(one["cause"], one["author"]) for one in items], [("neutral loose", "night shift"), ("neutral loose at the terminal", "night shift")])
    admin = serve.token("admin", "admin")
    log = [line["what"] for line in serve.get("/api/v1/audit", admin)[1]["items"]]
    expect("lines of the log", log.count("result.add"), 2)
    print(f"numbers: promtool finds nothing in rules and {len(serve.metrics(whole).splitlines())} lines; results of visits are kept")


def document(args, folder):
    """schemathesis, which nobody here wrote, finds nothing between the document and the answers."""
    town = Town(args, folder)
    town.replay(1)
    serve = Serve(town)
    token = serve.token("schemathesis", "admin")
    command = [args.schemathesis, "--config-file", str(HERE / "schemathesis.toml"), "run", f"{serve.url}/api/v1/openapi.json",
               "--header", f"Authorization: Bearer {token}", "--max-examples", str(args.examples), "--seed", args.seed,
               "--generation-deterministic", "--workers", "2", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise SystemExit(f"schemathesis: {done.returncode}\n{done.stdout[-40_000:]}{done.stderr}")
    assert serve.process.poll() is None, "serve has ended"
    tail = [line.strip() for line in done.stdout.splitlines() if "generated" in line or "Tested" in line]
    print(f"document: {'; '.join(tail)}")


CHECKS = {"rights": rights, "decisions": decisions, "kills": kills, "topics": topics, "answers": answers, "storm": storm, "latency": latency, "numbers": numbers, "document": document}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gridwarden")
    parser.add_argument("modules")
    parser.add_argument("schemathesis")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=CHECKS)
    parser.add_argument("--seed", default="3")
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--storm", type=int, default=5_000)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--examples", type=int, default=10)
    args = parser.parse_args()
    for name, check in CHECKS.items():
        if args.only in (None, name):
            folder = args.folder / name
            folder.mkdir()
            began = time.monotonic()
            check(args, folder)
            print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
