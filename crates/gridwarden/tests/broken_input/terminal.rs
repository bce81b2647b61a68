//! A demo that loses its terminal: the window is closed, or the connection breaks.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// A demo on a terminal of its own, and the other side of the terminal, which normally belongs to the window.
fn demo() -> (Child, File) {
    // Close that side in the child: a demo that holds its own window would never lose it.
    let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&window).unwrap();
    unlockpt(&window).unwrap();
    tcsetwinsize(&window, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&window, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let terminal = File::from(terminal);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
    command.args(["demo", "--meters", "50", "--days", "5"]).env("TERM", "xterm");
    command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap()).stderr(terminal);
    (command.spawn().unwrap(), File::from(window))
}

/// The exit status, if the demo ends within ten seconds.
fn ended(demo: &mut Child) -> Option<ExitStatus> {
    for _ in 0..200 {
        if let Some(status) = demo.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    demo.kill().unwrap();
    demo.wait().unwrap();
    None
}

/// No signal comes here, because the terminal controls no session. Reading from it returns "no bytes" for ever.
#[test]
fn a_demo_ends_with_its_terminal() {
    let (mut demo, mut window) = demo();
    // Wait until the demo draws.
    window.read_exact(&mut [0; 4096]).unwrap();
    drop(window);
    let status = ended(&mut demo).expect("it goes on without a terminal");
    // 129 as after a hang-up, or 1 if the next picture could not be drawn, but never a crash.
    assert!(matches!(status.code(), Some(1 | 129)), "{status}");
}

#[test]
fn a_demo_without_its_terminal_ends_on_a_signal() {
    let (mut demo, mut window) = demo();
    window.read_exact(&mut [0; 4096]).unwrap();
    drop(window);
    let id = demo.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    let status = ended(&mut demo).expect("it goes on in spite of TERM");
    assert_eq!(status.signal(), None, "a crash");
}
