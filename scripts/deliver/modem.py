"""A GSM modem on a pseudo-terminal, with moods. It writes each PDU that it takes as a line of JSON.

    modem.py LOG [--rough SEED] [--pin PIN] [--inbox FILE]

It prints the path of its terminal. With --rough it has no network now and then, and takes a message without a word. What
its PDUs say is read by npm's `node-pdu`, which nobody here wrote: see read-pdus.js. With --inbox it keeps what phones sent:
each line of FILE, also those that come later, is a PDU that is there until it is deleted.
"""
import argparse
import json
import os
import random
import re
import tty

parser = argparse.ArgumentParser()
parser.add_argument("log")
parser.add_argument("--rough", type=int)
parser.add_argument("--pin")
parser.add_argument("--inbox")
args = parser.parse_args()
chance = random.Random(args.rough)
ours, theirs = os.openpty()
tty.setraw(ours)
tty.setraw(theirs)
print(os.ttyname(theirs), flush=True)
log = open(args.log, "a", encoding="utf-8")
echo, locked, is_pdu_mode, waits_for, reference = True, args.pin is not None, False, None, 0
deleted = set()


def say(text):
    os.write(ours, f"\r\n{text}\r\n".encode())


def take(pdu):
    """A whole PDU: refused, or taken with or without an answer."""
    global reference
    mood = chance.random() if args.rough is not None else 1
    length = len(pdu) // 2 - 1 - int(pdu[:2], 16)
    if length != waits_for:
        return say("+CMS ERROR: 304")
    if mood < 0.05:
        return say("+CMS ERROR: 331")
    answered = mood >= 0.07
    log.write(json.dumps({"pdu": pdu, "answered": answered}) + "\n")
    log.flush()
    reference = (reference + 1) % 256
    if answered:
        say(f"+CMGS: {reference}")
        say("OK")


def command(text):
    global echo, locked, is_pdu_mode, waits_for
    if echo:
        os.write(ours, f"{text}\r".encode())
    if text == "ATE0":
        echo = False
    elif text == "AT+CPIN?":
        say("+CPIN: SIM PIN" if locked else "+CPIN: READY")
    elif found := re.fullmatch(r'AT\+CPIN="(\d+)"', text):
        log.write(json.dumps({"pin": found[1]}) + "\n")
        log.flush()
        if found[1] != args.pin:
            return say("+CME ERROR: 16")
        locked = False
    elif text == "AT+CMGF=0":
        is_pdu_mode = True
    elif text == "AT+CMGL=4" and args.inbox:
        for place, pdu in enumerate(open(args.inbox, encoding="ascii").read().split(), 1):
            if place not in deleted:
                say(f"+CMGL: {place},0,,{len(pdu) // 2 - 1 - int(pdu[:2], 16)}")
                say(pdu)
    elif found := re.fullmatch(r"AT\+CMGD=(\d+)", text):
        deleted.add(int(found[1]))
        log.write(json.dumps({"deleted": int(found[1])}) + "\n")
        log.flush()
    elif found := re.fullmatch(r"AT\+CMGS=(\d+)", text):
        if locked or not is_pdu_mode:
            return say("+CMS ERROR: 311")
        waits_for = int(found[1])
        return os.write(ours, b"\r\n> ")
    elif text not in ("AT", "AT+CMEE=1"):
        return say("ERROR")
    say("OK")


# Something that nobody asked for, as modems say it when they are switched on.
say("RDY")
heard = b""
while True:
    heard += os.read(ours, 4096)
    while heard:
        if waits_for is not None:
            end = re.search(rb"[\x1a\x1b]", heard)
            if not end:
                break
            text, heard, is_sent = heard[: end.start()], heard[end.end() :], end[0] == b"\x1a"
            if is_sent:
                take(text.decode())
            else:
                say("OK")
            waits_for = None
            continue
        heard = heard.lstrip(b"\x1b\n")
        if b"\r" not in heard:
            break
        text, heard = heard.split(b"\r", 1)
        if text:
            command(text.decode())
