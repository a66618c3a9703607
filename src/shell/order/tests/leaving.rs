//! Between "sent" in the journal and the first byte: whatever changes there keeps the request here.
//! And what stands in the journal but cannot be read keeps it from being ordered at all.

use sqlx::{Connection, Executor};

use super::*;

/// An order as far as the journal: what is left is to send it.
async fn ordered(desk: &OrderDesk) -> Ticket {
    let done = desk.carry_out(&kit::id(), &rollback(), "test", Some(&board())).await;
    done.expect("ordered").ticket.expect("to send")
}

fn not_sent(sent: &Sent) -> &str {
    let Outcome::NotSent { detail } = &sent.outcome else { panic!("{sent:?}") };
    detail
}

impl Room {
    async fn sql(&self, text: &'static str) {
        let url = format!("sqlite:{}/journal.db", self.folder.path().display());
        let mut conn = sqlx::SqliteConnection::connect(&url).await.expect("opened");
        conn.execute(text).await.expect("done");
    }
}

#[tokio::test]
async fn an_incident_that_is_over_keeps_its_request_here() {
    let reason = || "over".to_owned();
    for end in [
        Order::Resolve { reason: reason() },
        Order::Decide { choice: Choice::NotIncident, reason: reason(), recheck: None },
    ] {
        let mut room = Room::new(|_| taken()).await;
        let desk = room.desk("ana").await;
        let ticket = ordered(&desk).await;
        let silent = Outcome::unknown("no word from its sender within the time for an answer");
        let id = ticket.action().clone();
        desk.answered(&kit::id(), &id, "silence", silent).await.expect("stored");
        let closed = give(room.desk("ben").await, end).await;
        let sent = desk.send(ticket).await;
        let why = not_sent(&sent);
        let want = if closed.is_ok() { "INC-" } else { "no word from its sender" };
        assert!(why.contains(want), "{closed:?}: {why}");
        assert_eq!(room.posts(), 0);
    }
}

#[tokio::test]
async fn a_sender_later_than_its_time_for_an_answer_does_not_send() {
    let mut room = Room::new(|_| taken()).await;
    let desk = room.desk("ana").await;
    let ticket = ordered(&desk).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let sent = desk.send(ticket).await;
    assert!(not_sent(&sent).contains("held up for 1 s"), "{sent:?}");
    assert_eq!(room.incident().await.actions[0].state, ActionState::NotSent);
    assert_eq!(room.posts(), 0);
    let later = give(room.desk("ana").await, rollback()).await.expect("ordered again");
    assert!(matches!(later, Some(Outcome::Accepted { .. })), "{later:?}");
}

#[tokio::test]
async fn a_slow_secret_is_read_before_anything_is_stored_and_looked_at() {
    let mut room = Room::new(|_| taken()).await;
    let SecretSpec::File(file) = room.secret.clone() else { panic!("a file") };
    let slow = format!("sleep 1.5; cat {}", file.display());
    room.secret = SecretSpec::Command(vec!["sh".into(), "-c".into(), slow]);
    let desk = room.desk("ana").await;
    let freeze = room.folder.path().join("freeze");
    let throw = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::fs::write(&freeze, "").expect("thrown");
    };
    let (frozen, ()) = tokio::join!(give(Arc::clone(&desk), rollback()), throw);
    assert!(frozen.expect_err("refused").contains("kill switch"));
    std::fs::remove_file(&freeze).expect("off again");
    let sent = give(desk, rollback()).await.expect("slower than its time for an answer");
    assert!(matches!(sent, Some(Outcome::Accepted { .. })), "{sent:?}");
    assert_eq!(room.posts(), 1);
}

#[tokio::test]
async fn who_was_overtaken_does_not_send() {
    let mut room = Room::new(|_| taken()).await;
    let desk = room.desk("ana").await;
    let ticket = ordered(&desk).await;
    let silent = Outcome::unknown("silence");
    let id = ticket.action().clone();
    desk.answered(&kit::id(), &id, "silence", silent).await.expect("stored");
    let other = room.desk("ben").await;
    let theirs = other.again(&kit::id(), &id).await.expect("a ticket");
    assert!(not_sent(&desk.send(ticket).await).contains("sent again meanwhile"));
    let sent = other.send(theirs).await;
    assert!(matches!(sent.outcome, Outcome::NotSent { .. } | Outcome::Accepted { .. }));
    assert!(room.posts() <= 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_every_request_here_and_is_named() {
    for (at, sql) in [
        (2, "UPDATE record SET body = '{\"v\":2}' WHERE seq = 2"),
        (3, "UPDATE record SET body = '{\"v\":2}' WHERE seq = 3"),
        (4, "UPDATE record SET body = '{\"v\":2}' WHERE seq = 4"),
        (5, "UPDATE record SET body = '{' WHERE seq = 5"),
        (5, "UPDATE record SET body = '{\"v\":1}' WHERE seq = 5"),
    ] {
        let mut room = Room::new(|_| taken()).await;
        let first = give(room.desk("ana").await, rollback()).await.expect("ordered");
        assert!(matches!(first, Some(Outcome::Accepted { .. })), "{first:?}");
        room.sql(sql).await;
        let want = format!("record {at} of {} cannot be read: ", kit::id());
        for order in [rollback(), again()] {
            let why = give(room.desk("ben").await, order).await.expect_err("refused");
            assert!(why.starts_with(&want), "{why}");
        }
        let stamped = room.desk("ben").await.again(&kit::id(), &"x".into()).await;
        assert!(stamped.is_err());
        let ack = Order::Acknowledge { note: String::new() };
        let desk = room.desk("ben").await;
        let done = desk.carry_out(&kit::id(), &ack, "test", None).await.expect("acknowledged");
        assert!(done.left_out[0].contains(&format!("record {at} of")), "{:?}", done.left_out);
        assert_eq!(room.posts(), 1);
    }
}

#[tokio::test]
async fn a_record_that_becomes_unreadable_keeps_the_request_too() {
    let mut room = Room::new(|_| taken()).await;
    let desk = room.desk("ana").await;
    let ticket = ordered(&desk).await;
    room.sql("UPDATE record SET body = '{\"v\":2}' WHERE seq = 2").await;
    assert!(not_sent(&desk.send(ticket).await).contains("record 2 of"));
    assert_eq!(room.posts(), 0);
}
