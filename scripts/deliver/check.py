"""Sends messages to real peers, kills the sender, and compares what arrived with what was sent.

Run by scripts/deliver-check, which builds the sender and installs the peers.
"""
import argparse
import atexit
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
WINDOW = 10
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCRIPTS = [
    "Please check meter M{n}: phase 7.2 A, neutral 4.1 A. [T{n}] ~5% ^ {{x}} | \\ €{n} Ø ñ ü Ω @ _ $",
    "कृपया मीटर M{n} जाँचें: 7.2 A",
    "मीटर {n}: आता नवीन काही नाही. Ωмега 東京 😀",
]


class Peer:
    """A gateway on a free port."""

    def __init__(self, modules, log, *options, script="peer.js"):
        env = dict(os.environ, NODE_PATH=str(modules), HOOK_SECRET=HOOK_SECRET)
        command = ["node", str(HERE / script), str(log), *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        self.port = self.process.stdout.readline().strip()
        # A check that fails leaves nobody behind.
        atexit.register(self.process.kill)
        assert self.port.isdigit(), "the gateway does not start"

    def end(self):
        self.process.terminate()
        self.process.wait()


def text_of(number, length):
    """A message in one of three scripts; some are long."""
    text = SCRIPTS[number % 3].format(n=number)
    return text * length


def write_messages(path, count, lines, long_every):
    messages = []
    for number in range(count):
        length = 4 if long_every and number % long_every == 0 else 1
        phone = f"+9198{number % lines:08}"
        messages.append((f"m{number}", phone, text_of(number, length)))
    path.write_text("".join("\t".join(message) + "\n" for message in messages), encoding="utf-8")
    return messages


def start(args, folder, peers, password="right", wait=False):
    env = dict(os.environ, SMPP_PASSWORD=password)
    if wait:
        env["WAIT_FOR_RECEIPTS"] = "1"
    gateways = [f"127.0.0.1:{peer.port}" for peer in peers]
    command = [args.courier, folder / "outbox.sqlite", folder / "messages.tsv", *gateways]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def arrived(log):
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "to" in line], [line["confirmed"] for line in lines if "confirmed" in line]


def compare(messages, parts):
    """Every message arrived as it was sent, and in the order of its phone. Returns how many parts arrived twice.

    Only a part that came again is skipped: what a phone gets first decides its order.
    """
    by_phone = defaultdict(list)
    for part in parts:
        by_phone["+" + part["to"]].append(part)
    expected = defaultdict(list)
    for _, phone, text in messages:
        expected[phone].append(text)
    twice = 0
    for phone, texts in expected.items():
        found = iter(by_phone[phone])
        before = []
        for text in texts:
            so_far, number = "", 1
            while so_far != text:
                part = next(found, None)
                if part is None:
                    raise SystemExit(f"lost: {phone} {text!r}; so far {so_far!r}")
                joined = part.get("joined")
                key = (part["text"], joined and joined["part"], joined and joined["reference"])
                if key in before and not (joined is None and text == so_far + part["text"]):
                    twice += 1
                    continue
                if joined and joined["part"] != number:
                    raise SystemExit(f"order: {phone} part {joined} instead of {number}")
                so_far, number = so_far + part["text"], number + 1
                if not text.startswith(so_far):
                    raise SystemExit(f"differs: {phone} {so_far!r} instead of {text!r}")
                before.append(key)
        twice += sum(1 for _ in found)
    return twice


def finish(process, seconds=600):
    out, err = process.communicate(timeout=seconds)
    if process.returncode != 0:
        raise SystemExit(f"the sender failed: {err}")
    return out.strip(), err


def well(args, folder):
    """Messages in three scripts arrive byte-exact, long ones in order, receipts are matched and confirmed."""
    messages = write_messages(folder / "messages.tsv", 600, 50, 5)
    peer = Peer(args.modules, folder / "log", "--receipts")
    out, _ = finish(start(args, folder, [peer], wait=True))
    peer.end()
    parts, confirmed = arrived(folder / "log")
    twice = compare(messages, parts)
    assert twice == 0, f"{twice} parts arrived twice"
    assert len(confirmed) == len(parts), f"{len(confirmed)} receipts of {len(parts)} confirmed"
    assert out.startswith('{"delivered": 600} '), out
    long = sum(1 for part in parts if part.get("joined"))
    codings = sorted({part["coding"] for part in parts})
    print(f"well: 600 messages in {len(parts)} parts ({long} of long ones), codings {codings}; all delivered")


def wrong_password(args, folder):
    """A gateway that refuses the password gets no message, and the error has no password."""
    write_messages(folder / "messages.tsv", 1, 1, 0)
    peer = Peer(args.modules, folder / "log")
    process = start(args, folder, [peer], password="not-this-one")
    time.sleep(1)
    process.kill()
    _, err = process.communicate()
    peer.end()
    parts, _ = arrived(folder / "log")
    assert parts == [] and "refuses `gridwarden`: status 0x0e" in err and "not-this-one" not in err, err
    print("wrong password: refused, nothing sent, nothing shown")


def rough(args, folder):
    """A gateway that throttles, refuses, closes and stalls: everything arrives in the end, in the order of each phone."""
    count = args.rough
    messages = write_messages(folder / "messages.tsv", count, 40, 9)
    peer = Peer(args.modules, folder / "log", "--rough", str(args.seed))
    out, err = finish(start(args, folder, [peer]))
    peer.end()
    parts, _ = arrived(folder / "log")
    twice = compare(messages, parts)
    unanswered = sum(1 for part in parts if not part["answered"])
    lost = err.count("gateway 0:")
    most = WINDOW * lost + unanswered
    assert twice <= most, f"{twice} twice, {most} allowed"
    print(f"rough: {count} messages, {lost} connections lost, {twice} parts twice of at most {most}; {out}")


def failover(args, folder):
    """The second gateway takes over from one that is gone."""
    messages = write_messages(folder / "messages.tsv", 300, 30, 0)
    first, second = Peer(args.modules, folder / "log"), Peer(args.modules, folder / "log")
    first.end()
    out, _ = finish(start(args, folder, [first, second]))
    second.end()
    assert compare(messages, arrived(folder / "log")[0]) == 0
    print(f"failover: 300 messages over the second gateway; {out}")


def lines_of(log, known):
    """How many lines a log has, from what was read of it before: bytes and lines."""
    with log.open("rb") as file:
        file.seek(known[0])
        more = file.read()
    return known[0] + len(more), known[1] + more.count(b"\n")


def wait_for(process, log, known, parts, seconds):
    """Waits until so many more parts have arrived, or so long, or until the sender is done."""
    until, late = known[1] + parts, time.monotonic() + seconds
    while process.poll() is None and known[1] < until and time.monotonic() < late:
        time.sleep(0.002)
        known = lines_of(log, known)
    return known


def kill_again(args, begin, log, count, is_soon=lambda number: False):
    """Kills a sender of `count` messages at random moments, by what has arrived, and lets it end. Returns what it says."""
    chance, known = random.Random(args.seed), (0, 0)
    for number in range(args.kills):
        process = begin()
        seconds = chance.uniform(0, 0.5) if is_soon(number) else 600
        share = max(count - known[1], 0) / (args.kills - number + 1)
        known = wait_for(process, log, known, chance.uniform(0, 1.5 * share), seconds)
        assert process.poll() is None, f"done after {number} kills: more messages are needed"
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return finish(begin())[0]


def killed(args, folder):
    """The sender is killed at random moments, again and again: nothing is lost, and little comes twice."""
    messages = write_messages(folder / "messages.tsv", args.messages, 2_000, 0)
    log = folder / "log"
    peer = Peer(args.modules, log)
    begun = time.monotonic()
    # Every fifth time soon: while it takes or loads messages, nothing has arrived yet.
    out = kill_again(args, lambda: start(args, folder, [peer]), log, args.messages, lambda number: number % 5 == 0)
    seconds = time.monotonic() - begun
    peer.end()
    twice = compare(messages, arrived(log)[0])
    most = WINDOW * args.kills
    assert twice <= most, f"{twice} twice after {args.kills} kills"
    print(f"killed: {len(messages)} messages, {args.kills} kills in {seconds:.0f} s, {twice} twice (at most {most}); {out}")


def command(args, folder):
    """`gridwarden send` and `outbox` do what people do: send, look, try again; and the same file again sends nothing."""
    program = args.courier.parent.parent / "gridwarden"
    messages = write_messages(folder / "messages.tsv", 30, 7, 10)
    lines = [json.dumps({"id": id, "to": to, "text": text}) for id, to, text in messages]
    (folder / "sms.ndjson").write_text("\n".join([*lines, "no message", ""]), encoding="utf-8")
    (folder / "password").write_text("right\n")
    env = dict(os.environ, GRIDWARDEN_SMPP_PASSWORD_FILE=str(folder / "password"))
    peer = Peer(args.modules, folder / "log", "--receipts")

    def run(*arguments):
        done = subprocess.run([program, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    send = ["send", "sms.ndjson", "--outbox", "outbox.sqlite", "--system-id", "gridwarden", "--sender", "GRIDWN"]
    out = run(*send, "--smpp", f"127.0.0.1:{peer.port}")
    assert "sms.ndjson: 1 line left out; line 31:" in out and out.endswith("30 delivered, 0 sent, 0 failed, 0 queued\n"), out
    again = run(*send, "--smpp", f"127.0.0.1:{peer.port}")
    assert again.endswith("30 delivered, 0 sent, 0 failed, 0 queued\n"), again
    peer.end()
    assert compare(messages, arrived(folder / "log")[0]) == 0
    listed = run("outbox", "list", "outbox.sqlite", "--state", "delivered")
    assert listed.endswith("30 messages of 30\n") and "+9198" not in listed, listed
    shown = run("outbox", "show", "outbox.sqlite", "m0")
    assert "delivered" in shown and "part         1: `" in shown and "right" not in shown, shown
    print("command: 30 messages sent, listed and shown; sent again: none")


def certificates(folder):
    """An authority, a certificate of it for 127.0.0.1, and a stranger."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("req", *key, "-subj", "/CN=peer", "-keyout", "peer.key", "-out", "peer.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "peer.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "peer.pem")
    return folder / "peer.pem", folder / "peer.key"


def gateways(folder, **sections):
    """A plan's gateways, each a dictionary of keys as they are written."""
    lines = []
    for name, keys in sections.items():
        lines.append(f'[[gateway]]\nname = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    path = folder / "gateways.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def smpp(port, **keys):
    return {"protocol": '"smpp"', "address": f'"127.0.0.1:{port}"', "tls": '"tls"', "ca": '"ca.pem"',
            "system_id": '"gridwarden"', "password": '{ env = "SMPP_PASSWORD" }', "sender": '"GRIDWN"', **keys}


def web(port, **keys):
    return {"protocol": '"webhook"', "url": f'"https://127.0.0.1:{port}/hook"', "secret": '{ env = "HOOK_SECRET" }',
            "ca": '"ca.pem"', **keys}


def twilio(port, **keys):
    return {"protocol": '"twilio"', "url": f'"http://127.0.0.1:{port}"', "account": '"AC1"',
            "token": '{ env = "TOKEN" }', "sender": '"+15005550006"', **keys}


def general(port, **keys):
    return {"protocol": '"http"', "url": f'"https://127.0.0.1:{port}/send"', "content_type": '"application/json"',
            "body": """'{"to": "{to}", "from": "{sender}", "text": "{text}"}'""",
            "headers": '{ Authorization = { env = "BEARER" } }', "sender": '"GRIDWN"', "answer_id": '"/message/id"',
            "ca": '"ca.pem"', **keys}


def smtp(port, **keys):
    return {"protocol": '"smtp"', "address": f'"127.0.0.1:{port}"', "user": '"gridwarden"',
            "password": '{ env = "MAIL_PASSWORD" }', "sender": '"Gridwarden <alerts@example.org>"', "ca": '"ca.pem"', **keys}


def write_lines(path, count, to, long_every):
    """Messages as a replay writes them. Returns them as they are expected to arrive."""
    messages = []
    for number in range(count):
        text = text_of(number, 4 if long_every and number % long_every == 0 else 1)
        message = {"id": f"{path.stem}.{number}", "to": to(number), "case": None, "text": text}
        messages.append((message["to"], text, json.dumps(message, ensure_ascii=False)))
    path.write_text("".join(line + "\n" for _, _, line in messages), encoding="utf-8")
    return messages


def send(args, folder, messages, plan, **env):
    secrets = {"SMPP_PASSWORD": "right", "HOOK_SECRET": HOOK_SECRET, "TOKEN": "right", "BEARER": "Bearer right", "MAIL_PASSWORD": "right"}
    command = [args.courier, folder / "outbox.sqlite", messages, plan]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
                            env={**os.environ, **secrets, **env})


def encrypted(args, folder):
    """SMPP over TLS: byte for byte and with receipts, and at a gateway in a bad mood; a stranger gets nothing."""
    pem, key = certificates(folder)
    messages = write_messages(folder / "messages.tsv", 400, 40, 9)
    peer = Peer(args.modules, folder / "log", "--receipts", "--tls", pem, key)
    plan = gateways(folder, smsc=smpp(peer.port, ca='"stranger.pem"'))
    process = send(args, folder, folder / "messages.tsv", plan)
    time.sleep(1)
    process.kill()
    _, err = process.communicate()
    assert "cannot reach 127.0.0.1" in err and arrived(folder / "log")[0] == [], err
    plan = gateways(folder, smsc=smpp(peer.port))
    out, _ = finish(send(args, folder, folder / "messages.tsv", plan, WAIT_FOR_RECEIPTS="1"))
    peer.end()
    assert compare(messages, arrived(folder / "log")[0]) == 0 and out.startswith('{"delivered": 400} '), out
    for file in ("outbox.sqlite", "messages.done", "log"):
        (folder / file).unlink()
    peer = Peer(args.modules, folder / "log", "--rough", args.seed, "--tls", pem, key)
    out, err = finish(send(args, folder, folder / "messages.tsv", gateways(folder, smsc=smpp(peer.port))))
    peer.end()
    parts, _ = arrived(folder / "log")
    twice, lost = compare(messages, parts), err.count("gateway 0:")
    most = WINDOW * lost + sum(1 for part in parts if not part["answered"])
    assert twice <= most, f"{twice} twice, {most} allowed"
    print(f"encrypted: 400 messages over TLS with receipts, none at a stranger; in a bad mood {lost} connections lost, "
          f"{twice} parts twice of at most {most}")


def modem(args, folder):
    """SMS over a modem on a pseudo-terminal: byte for byte, long ones in order, also in a bad mood; a wrong PIN sends nothing."""
    def start_modem(*options):
        command = [sys.executable, HERE / "modem.py", folder / "modem.log", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(process.kill)
        return process, process.stdout.readline().strip()

    def read():
        done = subprocess.run(["node", HERE / "read-pdus.js", folder / "modem.log"], capture_output=True, text=True,
                              check=True, env=dict(os.environ, NODE_PATH=str(args.modules)))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def plan(device, **keys):
        return gateways(folder, sim={"protocol": '"modem"', "device": f'"{device}"', "pin": '{ env = "PIN" }', **keys})

    messages = write_messages(folder / "messages.tsv", 150, 20, 5)
    process, device = start_modem("--pin", "4711")
    sender = send(args, folder, folder / "messages.tsv", plan(device), PIN="1234")
    time.sleep(2)
    sender.kill()
    _, err = sender.communicate()
    assert err.count("cannot reach /dev/") > 1 and "1234" not in err, err
    tried = (folder / "modem.log").read_text().splitlines()
    assert tried == ['{"pin": "1234"}'], f"a wrong PIN is tried once: {tried}"
    out, err = finish(send(args, folder, folder / "messages.tsv", plan(device), PIN="4711"))
    process.kill()
    parts = read()
    assert compare(messages, parts) == 0, "nothing may come twice"
    long = sum(1 for part in parts if part.get("joined"))
    for file in ("outbox.sqlite", "messages.done", "modem.log"):
        (folder / file).unlink()
    process, device = start_modem("--rough", str(args.seed))
    out, err = finish(send(args, folder, folder / "messages.tsv", plan(device), PIN="4711"))
    process.kill()
    rough = read()
    twice, unanswered = compare(messages, rough), sum(1 for part in rough if not part["answered"])
    assert twice <= unanswered, f"{twice} twice, {unanswered} unanswered"
    print(f"modem: 150 messages in {len(parts)} parts ({long} of long ones), none with a wrong PIN; in a bad mood "
          f"{unanswered} parts without an answer, {twice} twice; {out}")


def compare_whole(expected, log):
    """Each address got each of its texts as it was sent, and in order. Returns how many came twice, and how many of all that
    came the peer did not answer."""
    found, twice, unanswered = defaultdict(list), 0, 0
    for line in log.read_text(encoding="utf-8").splitlines():
        line = json.loads(line)
        unanswered += not line["answered"]
        before = found[line["to"]]
        if before and line["text"] in before:
            twice += 1
        else:
            before.append(line["text"])
    for to, texts in expected.items():
        if found.pop(to, []) != texts:
            raise SystemExit(f"lost, changed or in another order: {to}")
    assert not found, f"nobody sent to {list(found)}"
    return twice, unanswered


def by_address(messages, text):
    expected = defaultdict(list)
    for message in messages:
        expected[message[0]].append(text(message))
    return expected


def webhook(args, folder):
    """Signed webhooks over TLS arrive byte for byte, also at a peer in a bad mood; one that nobody knows gets nothing."""
    pem, key = certificates(folder)
    peer = Peer(args.modules, folder / "log", "--tls", pem, key, "--rough", args.seed, script="http-peer.js")
    names = ["control-room", "scada"]
    messages = write_lines(folder / "webhook.ndjson", args.web, lambda number: names[number % 2], 9)
    plan = gateways(folder, **{name: web(peer.port) for name in names})
    out, err = finish(send(args, folder, folder / "webhook.ndjson", plan))
    twice, unanswered = compare_whole(by_address(messages, lambda message: message[2]), folder / "log")
    assert twice <= unanswered, f"{twice} twice, {unanswered} unanswered"
    assert "delivered" in out and HOOK_SECRET not in err, out + err
    (folder / "log").write_text("")
    for name, keys, env, words in [
        ("stranger", web(peer.port, ca='"stranger.pem"'), {}, "cannot reach 127.0.0.1"),
        ("secret", web(peer.port), {"HOOK_SECRET": "whsec_" + "A" * 32}, ""),
    ]:
        line = {"id": name, "to": "control-room", "text": "x"}
        (folder / "webhook.ndjson").write_text(json.dumps(line) + "\n")
        (folder / "webhook.done").unlink()
        plan = gateways(folder, **{"control-room": keys})
        process = send(args, folder, folder / "webhook.ndjson", plan, **env)
        time.sleep(1)
        process.kill()
        _, err = process.communicate()
        assert words in err and "AAAA" not in err, err
    assert (folder / "log").read_text() == "", "a stranger may get nothing"
    peer.end()
    print(f"webhook: {len(messages)} signed messages over TLS, {unanswered} without an answer, {twice} twice; {out}")


def http_sms(args, folder):
    """SMS over HTTP: the first gateway is gone, the second refuses us, the third has the interface of Twilio."""
    pem, key = certificates(folder)
    gone = Peer(args.modules, folder / "log", script="http-peer.js")
    gone.end()
    secure = Peer(args.modules, folder / "log", "--tls", pem, key, "--rough", args.seed, script="http-peer.js")
    plain = Peer(args.modules, folder / "plain.log", "--rough", args.seed, script="http-peer.js")
    messages = write_lines(folder / "sms.ndjson", args.web, lambda number: f"+9198{number % 40:08}", 9)
    expected = by_address(messages, lambda message: message[1])
    plan = gateways(folder, gone=twilio(gone.port), general=general(secure.port))
    out, err = finish(send(args, folder, folder / "sms.ndjson", plan))
    twice, unanswered = compare_whole(expected, folder / "log")
    assert twice <= unanswered and "gateway 0: cannot reach 127.0.0.1" in err, err
    for file in ("outbox.sqlite", "sms.done"):
        (folder / file).unlink()
    plan = gateways(folder, locked=general(secure.port), twilio=twilio(plain.port))
    other, err = finish(send(args, folder, folder / "sms.ndjson", plan, BEARER="Bearer wrong"))
    more, lost = compare_whole(expected, folder / "plain.log")
    assert more <= lost and "wrong" not in err, err
    gone.end(), secure.end(), plain.end()
    print(f"http: {len(messages)} SMS to JSON over TLS, {unanswered} without an answer, {twice} twice; {out}")
    print(f"http: {len(messages)} SMS to the interface of Twilio, {lost} without an answer, {more} twice; {other}")


def mail(args, folder):
    """E-mails over STARTTLS arrive as they were written; a wrong password or a stranger's certificate sends nothing."""
    pem, key = certificates(folder)
    peer = Peer(args.modules, folder / "log", pem, key, "--rough", args.seed, script="mail-peer.js")
    messages = write_lines(folder / "email.ndjson", args.mails, lambda number: f"duty{number % 30}@example.org", 9)
    plan = gateways(folder, mail=smtp(peer.port))
    out, err = finish(send(args, folder, folder / "email.ndjson", plan))
    lines = [json.loads(line) for line in (folder / "log").read_text(encoding="utf-8").splitlines()]
    assert all(line["secure"] and line["from"] == '"Gridwarden" <alerts@example.org>' for line in lines), lines[0]
    subjects = {line["id"]: line["subject"] for line in lines}
    for number, (_, text, _) in enumerate(messages):
        subject = subjects[f"<email.{number}@gridwarden>"]
        assert subject == (text if len(text) <= 78 else text[:78] + ".."), subject
    # The reader of e-mails ends each text with a line break.
    for line in lines:
        line["text"] = line["text"].removesuffix("\n")
    (folder / "log").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    twice, unanswered = compare_whole(by_address(messages, lambda message: message[1]), folder / "log")
    assert twice <= unanswered, f"{twice} twice, {unanswered} unanswered"
    print(f"mail: {len(messages)} e-mails over STARTTLS, {unanswered} without an answer, {twice} twice; {out}")
    (folder / "log").write_text("")
    (folder / "email.ndjson").write_text(json.dumps({"id": "n", "to": "nobody@example.org", "text": "x"}) + "\n")
    for file in ("outbox.sqlite", "email.done"):
        (folder / file).unlink()
    out, err = finish(send(args, folder, folder / "email.ndjson", plan))
    assert out.startswith('{"failed": 1}'), out
    for wrong, keys, env in [
        ("password", smtp(peer.port), {"MAIL_PASSWORD": "not-this-one"}),
        ("certificate", smtp(peer.port, ca='"stranger.pem"'), {}),
    ]:
        (folder / "email.ndjson").write_text(json.dumps({"id": wrong, "to": "duty@example.org", "text": "x"}) + "\n")
        (folder / "email.done").unlink()
        process = send(args, folder, folder / "email.ndjson", gateways(folder, mail=keys), **env)
        time.sleep(1)
        process.kill()
        _, err = process.communicate()
        assert "no session with 127.0.0.1" in err and "not-this-one" not in err, err
    peer.end()
    assert (folder / "log").read_text() == "", "nothing may arrive"
    print("mail: no such mailbox: given up; wrong password, unknown authority: nothing sent, nothing shown")


def killed_web(args, folder):
    """The sender of webhooks is killed at random moments: nothing is lost, and little comes twice."""
    pem, key = certificates(folder)
    log = folder / "log"
    peer = Peer(args.modules, log, "--tls", pem, key, script="http-peer.js")
    # Of one webhook one message is under way at a time; of ten there are ten.
    names = [f"hook{number}" for number in range(10)]
    count = 150 * args.kills
    messages = write_lines(folder / "webhook.ndjson", count, lambda number: names[number % 10], 0)
    plan = gateways(folder, **{name: web(peer.port) for name in names})
    out = kill_again(args, lambda: send(args, folder, folder / "webhook.ndjson", plan), log, count)
    peer.end()
    twice, _ = compare_whole(by_address(messages, lambda message: message[2]), log)
    # Each of the ten gateways has one message under way at most.
    assert twice <= WINDOW * args.kills, f"{twice} twice after {args.kills} kills"
    print(f"killed: {count} webhooks, {args.kills} kills, {twice} twice (at most {WINDOW * args.kills}); {out}")


def files(args, folder):
    """The sender of lines to a file is killed at random moments: each line comes, whole, in order and once."""
    journal = folder / "spool.ndjson"
    journal.touch()
    count = 60 * args.kills
    messages = write_lines(folder / "file.ndjson", count, lambda _: "journal", 9)
    plan = gateways(folder, journal={"protocol": '"file"', "path": f'"{journal}"'})
    out = kill_again(args, lambda: send(args, folder, folder / "file.ndjson", plan), journal, count)
    found = journal.read_text(encoding="utf-8")
    assert found == "".join(line + "\n" for _, _, line in messages), "lines are lost, torn, twice or in another order"
    print(f"files: {count} lines, {args.kills} kills, each line once; {out}")


def registered(args, folder):
    """Over gateways that ask for it each text carries the ids of its entity and of itself; another text does not go out."""
    pem, key = certificates(folder)
    entity = "1101160000000012345"
    texts = {
        "1107160000000000001": "No supply at {#var#} since {#var#}. GRIDWN",
        "1107160000000000002": "मीटर {#var#}: मागणी {#var#}, मंजूर भार {#var#}. GRIDWN",
    }
    values = [("1107160000000000001", ["T1", "5 Jan 07:30"]), ("1107160000000000002", ["M7", "4.1 kW", "3 kW"])]
    def text_with(template, given):
        text = texts[template]
        for value in given:
            text = text.replace("{#var#}", value, 1)
        return text
    messages = [(f"+91980000000{number}", template, given) for number, (template, given) in enumerate(values * 2)]
    lines = [{"id": f"r{to}", "to": to, "text": text_with(template, given)} for to, template, given in messages]
    lines.append({"id": "other", "to": "+919800000009", "text": "No supply today. GRIDWN"})
    (folder / "sms.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    known = "\n".join(f"{template}\t{text}" for template, text in texts.items())
    own = {"entity": f'"{entity}"', "sender": '"GRIDWN"'}
    smsc = Peer(args.modules, folder / "smpp.log", "--tls", pem, key)
    web_sms = Peer(args.modules, folder / "http.log", "--tls", pem, key, script="http-peer.js")
    body = """'{"to": "{to}", "from": "{sender}", "text": "{text}", "registered": ["{entity}", "{template}", "{values}"]}'"""
    for log, gateway in (("smpp.log", smpp(smsc.port, **own)), ("http.log", general(web_sms.port, **{**own, "body": body}))):
        out, _ = finish(send(args, folder, folder / "sms.ndjson", gateways(folder, smsc=gateway), REGISTERED=known))
        assert out.startswith('{"failed": 1, "sent": 4} '), out
        found = {line["to"].removeprefix("+"): line for line in map(json.loads, (folder / log).read_text().splitlines())}
        assert len(found) == 4, found
        for to, template, given in messages:
            line = found[to.removeprefix("+")]
            wanted = [entity, template] + (["|".join(given)] if log == "http.log" else [])
            assert (line["text"], line["registered"]) == (text_with(template, given), wanted), line
        for file in ("outbox.sqlite", "sms.done"):
            (folder / file).unlink()
    smsc.end(), web_sms.end()
    print("registered: 4 texts with their ids over SMPP and over HTTP, and one that is not registered over neither")


def trial(args, folder):
    """`gridwarden send --test` shows each step to a receiver, of a plan as people have it."""
    pem, key = certificates(folder)
    hook = Peer(args.modules, folder / "log", "--tls", pem, key, script="http-peer.js")
    server = Peer(args.modules, folder / "mail.log", pem, key, script="mail-peer.js")
    plan = (HERE.parent.parent / "pipelines/routes.toml").read_text(encoding="utf-8").split("[[gateway]]")[0]
    gateways(folder, **{"control-room": web(hook.port), "mail": smtp(server.port), "smsc": twilio(hook.port)})
    plan += (folder / "gateways.toml").read_text(encoding="utf-8")
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    program = args.courier.parent.parent / "gridwarden"
    env = dict(os.environ, HOOK_SECRET=HOOK_SECRET, TOKEN="right", MAIL_PASSWORD="right")

    def run(receiver, **secrets):
        command = [program, "send", "--plan", "plan.toml", "--test", receiver, "--wait", "0"]
        return subprocess.run(command, cwd=folder, env={**env, **secrets}, capture_output=True, text=True, timeout=60)

    done = run("control-room")
    steps = done.stdout.splitlines()
    assert done.returncode == 0 and "control-room: connected" in steps and steps[-1] == "delivered", done
    done = run("operator")
    steps = done.stdout.splitlines()
    assert steps[0] == "to o***@example.org, in 1 part, over mail" and "accepted as `<test.operator." in done.stdout, done
    assert done.returncode == 0 and steps[-1] == "no receipt came; the gateway has the message", done
    hook.end(), server.end()
    texts = [json.loads(json.loads(line)["text"]) for line in (folder / "log").read_text().splitlines()]
    assert len(texts) == 1 and texts[0]["test"] is True and "Nothing is to be done." in texts[0]["text"], texts
    assert len((folder / "mail.log").read_text().splitlines()) == 1
    print("trial: one marked message to a webhook and to a mailbox, with each step")


CHECKS = [command, trial, well, wrong_password, rough, failover, killed, encrypted, modem, webhook, http_sms, mail, killed_web, files, registered]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("courier", type=Path)
    parser.add_argument("modules", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rough", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--web", type=int, default=600)
    parser.add_argument("--mails", type=int, default=200)
    parser.add_argument("--only", choices=[check.__name__ for check in CHECKS])
    args = parser.parse_args()
    print(f"SEED={args.seed}")
    for check in CHECKS:
        if args.only in (None, check.__name__):
            folder = args.folder / check.__name__
            folder.mkdir()
            check(args, folder)
            sys.stdout.flush()


main()
