//! The demo on a terminal.

mod chart;
mod draw;
mod theme;

use super::picture::Picture;
use super::show::View;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use shell::{Stop, TerminalWatch};
use std::io;
use std::mem::ManuallyDrop;
use std::time::Duration;

pub use draw::draw;
pub use theme::Theme;

/// The terminal while the demo draws on it. Dropping this restores the terminal, and so does a panic.
pub struct Screen {
    // Never dropped: once the terminal has gone, the drop would print an error on standard error, and panic because
    // that fails.
    terminal: ManuallyDrop<DefaultTerminal>,
    stop: Stop,
    theme: Theme,
    _watch: TerminalWatch,
}

impl Screen {
    /// Takes the terminal. `stop` knows whether the process is asked to end.
    pub fn open(stop: Stop, color: bool) -> io::Result<Self> {
        let opened = ratatui::try_init().and_then(|terminal| {
            let terminal = ManuallyDrop::new(terminal);
            let watch = TerminalWatch::start(stop.clone(), give_back)?;
            Ok(Self { terminal, stop, theme: Theme { color }, _watch: watch })
        });
        // Without a `Screen` there is no drop that restores what was changed already, such as the raw mode.
        opened.inspect_err(|_| give_back())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.terminal.show_cursor();
        give_back();
    }
}

impl View for Screen {
    fn after_step(&mut self, _: &Picture) -> io::Result<()> {
        Ok(())
    }

    fn frame(&mut self, picture: &Picture, wait: Duration) -> io::Result<bool> {
        self.terminal.draw(|frame| draw(frame, picture, self.theme))?;
        // First come the keys typed while the picture was drawn, then those typed during the wait.
        let mut wait = wait;
        while event::poll(wait)? {
            match event::read()? {
                Event::Key(key) if ends(key) => return Ok(false),
                Event::Resize(..) => return Ok(true),
                _ => wait = Duration::ZERO,
            }
        }
        Ok(!self.stop.is_asked())
    }
}

/// Gives the terminal back. An error is ignored: it means that the terminal has gone. `ratatui::restore` would print
/// the error, and panic because it cannot be printed.
fn give_back() {
    let _ = ratatui::try_restore();
}

fn ends(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release
        && match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'Q') => true,
            KeyCode::Char('c' | 'd') => control,
            _ => false,
        }
}
