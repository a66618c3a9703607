//! Summary: one incident as a line for a chat, the answer to `copy`.
//! Plain text for other programs; nothing of it is drawn.

use std::fmt::Write;

use crate::board::IncidentView;
use crate::domain::text::screen_text;
use crate::incident::words;

/// `Sev 1 INC-7 checkout: headline | EUR 410-690/min | suspect X | ack anna | decide by 03:20 UTC`.
pub fn summary(x: &IncidentView) -> String {
    let journey = x.journey.as_ref().map_or("shop", |j| j.as_str());
    let mut text = format!("{} {} {journey}: {}", x.severity, x.id, x.headline);
    if let Some(m) = &x.revenue_at_risk {
        let _ = write!(text, " | {} {:.0}-{:.0}/min", m.currency, m.low, m.high);
        if let Some(was) = x.burned_per_minute {
            let _ = write!(text, " now (was {:.0}-{:.0})", was.low, was.high);
        }
        if let Some(lost) = x.lost {
            let _ = write!(text, " | lost {} {:.0}-{:.0}", m.currency, lost.low, lost.high);
        }
    }
    match &x.suspect.release {
        Some(release) => {
            let _ = write!(text, " | suspect {release}");
        }
        None => {
            let _ = write!(text, " | {}", words::suspect(&x.suspect));
        }
    }
    let _ = write!(text, " | {}", x.owner.as_deref().unwrap_or("nobody has it"));
    if let Some(due) = x.decide_due_at {
        let _ = write!(text, " | decide by {} UTC", due.utc().format("%H:%M"));
    }
    let _ = write!(text, " | since {} UTC", x.onset_at.utc().format("%Y-%m-%d %H:%M"));
    screen_text(&text).to_string()
}
