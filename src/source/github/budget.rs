//! The budget of questions that GitHub gives: 60 an hour without a token, 5,000 with one. It is
//! spread over what is left of the hour, told, and waited for when it is used up. No IO.

use crate::domain::time::{Span, Timestamp};
use crate::source::answer::HttpAnswer;
use crate::source::error::SourceError;

/// From so many questions an hour on nothing needs spreading unless others use them too.
const PLENTY: u64 = 1000;
/// Status questions of one poll, where there is plenty.
const STATUSES: usize = 30;

/// What the last answers said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RateBudget {
    told: Option<RateTold>,
    /// Nothing is asked before.
    next: Option<Timestamp>,
    /// Where nothing is left: the end of the window.
    hold: Option<Timestamp>,
    /// Left when the poll began.
    before: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct RateTold {
    limit: u64,
    left: u64,
    reset: Timestamp,
}

impl RateBudget {
    /// A poll begins.
    pub fn begin(&mut self) {
        self.before = self.told.map(|t| t.left);
    }

    pub fn heard(&mut self, answer: &HttpAnswer, now: Timestamp) {
        self.hold = answer.exhausted().map(|wait| now.plus(wait));
        let number = |name: &str| answer.header(name)?.trim().parse::<u64>().ok();
        let Some(limit) = number("x-ratelimit-limit") else { return };
        let theirs = answer.date().unwrap_or(now);
        // Who does not say what is left has just begun, and so has who does not say until when.
        let left = number("x-ratelimit-remaining").unwrap_or(limit.saturating_sub(1));
        let hour = || u64::try_from(theirs.secs().saturating_add(3600)).ok();
        let Some(reset) = number("x-ratelimit-reset").or_else(hour) else { return };
        let away = i64::try_from(reset).unwrap_or(0).saturating_sub(theirs.secs()).clamp(1, 3600);
        self.told = Some(RateTold { limit, left, reset: now.plus(Span::from_secs(away)) });
    }

    /// # Errors
    /// How long to wait when nothing is left.
    pub fn left(&self, now: Timestamp) -> Result<(), SourceError> {
        let Some(until) = self.hold.filter(|until| now < *until) else { return Ok(()) };
        let limit = self.told.map_or_else(String::new, |t| format!(" of {} an hour", t.limit));
        let cure = if self.is_small() { "; a token (`auth`) has 5,000" } else { "" };
        let why = format!("rate limit: GitHub's questions{limit} are used up{cure}");
        Err(SourceError::Retry { why, after: Some(until.since(now)) })
    }

    /// It is not yet time to ask again.
    pub fn rests(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|next| now < next)
    }

    /// Ends a poll after which `open` deployments will be asked for once more.
    pub fn settle(&mut self, now: Timestamp, every: Span, open: usize) {
        self.next = None;
        let Some(told) = self.told.filter(|t| now < t.reset) else { return };
        if told.limit >= PLENTY && self.before.is_some_and(|before| before <= told.left) {
            return; // conditional questions are free with a token
        }
        let cost = 1 + i64::try_from(open.min(told.statuses())).unwrap_or(0);
        let pace = told.reset.since(now).millis().saturating_mul(cost) / told.usable();
        if pace > every.millis() {
            self.next = Some(now.plus(Span::from_millis(pace)));
        }
    }

    /// How many deployments may be asked for in this poll.
    pub fn statuses(&self) -> usize {
        self.told.map_or(STATUSES, RateTold::statuses)
    }

    /// What to say of it; nothing while there is plenty.
    pub fn note(&self, now: Timestamp) -> Option<String> {
        let told = self.told?;
        if self.is_small() {
            let limit = told.limit;
            return Some(format!(
                "GitHub answers {limit} questions an hour here, so they are spread over it: news \
                 of a deployment may come minutes late; with a token (`auth`) it answers 5,000"
            ));
        }
        let rest = self.next?.since(now).secs().max(1);
        let (left, limit) = (told.left, told.limit);
        Some(format!(
            "{left} of {limit} questions to GitHub are left, others use this token too: asked \
             again in {rest} s"
        ))
    }

    fn is_small(&self) -> bool {
        self.told.is_some_and(|t| t.limit < PLENTY)
    }
}

impl RateTold {
    /// What may be spent: a tenth is left to others.
    fn usable(self) -> i64 {
        i64::try_from(self.left.saturating_sub(self.limit / 10).max(1)).unwrap_or(i64::MAX)
    }

    fn statuses(self) -> usize {
        if self.left >= PLENTY {
            return STATUSES;
        }
        usize::try_from(self.usable() / 10).unwrap_or(1).clamp(1, STATUSES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_207_980);

    fn answer(limit: u64, left: u64, reset: i64) -> HttpAnswer {
        let headers = [
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-reset", (T0.secs() + reset).to_string()),
        ];
        let headers = headers.map(|(n, v)| (n.to_owned(), v)).into();
        HttpAnswer { status: 200, headers, ..HttpAnswer::default() }
    }

    #[test]
    fn a_budget_of_sixty_lasts_the_hour_and_is_told() {
        let mut budget = RateBudget::default();
        let every = Span::from_secs(15);
        let (mut left, mut asked) = (60_u64, 0);
        for step in 0..240 {
            let now = T0.plus(every.times(step));
            assert!(budget.left(now).is_ok(), "used up after {step} polls");
            if budget.rests(now) {
                continue;
            }
            budget.begin();
            for _ in 0..=usize::from(step == 0) * budget.statuses().min(10) {
                left -= 1;
                budget.heard(&answer(60, left, 3600), now);
            }
            budget.settle(now, every, 0);
            asked += 1;
        }
        assert!(asked >= 30, "asked {asked} times");
        assert!(budget.note(T0).is_some_and(|n| n.contains("60 questions") && n.contains("auth")));
    }

    #[test]
    fn a_limit_alone_is_spread_too() {
        let mut budget = RateBudget::default();
        let headers = [("x-ratelimit-limit".to_owned(), "60".to_owned())].into();
        budget.begin();
        budget.heard(&HttpAnswer { status: 200, headers, ..HttpAnswer::default() }, T0);
        budget.settle(T0, Span::from_secs(15), 0);
        assert!(budget.rests(T0.plus(Span::from_secs(60))));
        assert!(!budget.rests(T0.plus(Span::from_secs(90))));
    }

    #[test]
    fn with_a_token_nothing_is_spread_unless_others_use_it_up() {
        let mut budget = RateBudget::default();
        budget.begin();
        budget.heard(&answer(5000, 4990, 3600), T0);
        budget.settle(T0, Span::from_secs(15), 2);
        assert!(!budget.rests(T0.plus(Span::from_secs(1))) && budget.note(T0).is_none());
        budget.begin();
        budget.heard(&answer(5000, 520, 3600), T0);
        budget.settle(T0, Span::from_secs(15), 0);
        assert!(budget.rests(T0.plus(Span::from_secs(100))));
        assert!(budget.note(T0).is_some_and(|n| n.contains("520 of 5000")));
        budget.heard(&answer(5000, 0, 1800), T0);
        let error = budget.left(T0.plus(Span::from_secs(9))).expect_err("used up");
        assert!(error.why().contains("5000 an hour are used up"), "{error}");
    }
}
