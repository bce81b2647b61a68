//! The demo on a terminal.

mod chart;
mod draw;
mod theme;

use super::picture::Picture;
use super::show::View;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use draw::draw;
pub use theme::Theme;

/// The terminal while it is ours. Dropping it gives it back as it was; so does a panic.
pub struct Screen {
    terminal: DefaultTerminal,
    stop: Arc<AtomicBool>,
    theme: Theme,
}

impl Screen {
    /// Takes the terminal. `stop` is set when the process is asked to end.
    pub fn open(stop: Arc<AtomicBool>, color: bool) -> io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()?, stop, theme: Theme { color } })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

impl View for Screen {
    fn news(&mut self, _: &Picture) -> io::Result<()> {
        Ok(())
    }

    fn frame(&mut self, picture: &Picture, wait: Duration) -> io::Result<bool> {
        self.terminal.draw(|frame| draw(frame, picture, self.theme))?;
        // Whatever was typed while the picture was made, then what comes while we wait.
        let mut wait = wait;
        while event::poll(wait)? {
            match event::read()? {
                Event::Key(key) if ends(key) => return Ok(false),
                Event::Resize(..) => return Ok(true),
                _ => wait = Duration::ZERO,
            }
        }
        Ok(!self.stop.load(Ordering::Relaxed))
    }
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
