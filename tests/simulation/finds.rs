//! The simulation finds what is planted, each within a bounded number of seeds: a simulation that
//! finds nothing proves nothing.

use crate::campaign::{find, silence_planted_panics};
use crate::facts::Invariant;
use crate::plan::{Planted, QueueKind};

/// Asserts that a planted fault breaks this within so many seeds.
fn finds(planted: Planted, queue: QueueKind, seeds: u64, expected: Invariant) {
    silence_planted_panics();
    let found = find(planted, queue, seeds, expected);
    assert!(found.is_some(), "{planted:?} is not found in {seeds} seeds");
}

#[test]
fn an_acknowledgement_before_the_sync_loses_messages() {
    let loss = Invariant::Loss;
    finds(Planted::AckBeforeSync, QueueKind::Embedded, 60, loss);
}

#[test]
fn several_of_a_patient_in_hand_overtake_each_other() {
    let order = Invariant::Order;
    finds(Planted::ManyInHand, QueueKind::Embedded, 60, order);
}

#[test]
fn a_retry_that_joins_at_the_end_is_overtaken() {
    let order = Invariant::Order;
    finds(Planted::RetriesRejoin, QueueKind::Embedded, 60, order);
    finds(Planted::RetriesRejoin, QueueKind::RabbitMq, 60, order);
}

#[test]
fn an_id_that_changes_at_a_start_lets_a_record_take_effect_twice() {
    let twice = Invariant::Duplicate;
    finds(Planted::UnstableIds, QueueKind::Embedded, 60, twice);
}

#[test]
fn an_answer_that_is_guessed_loses_records() {
    let loss = Invariant::Loss;
    finds(Planted::LostMeansDelivered, QueueKind::Embedded, 60, loss);
}

#[test]
fn what_is_done_when_it_is_published_is_lost() {
    let loss = Invariant::Loss;
    finds(Planted::PublishedMeansDone, QueueKind::RabbitMq, 60, loss);
}

#[test]
fn consents_that_are_remembered_let_out_what_was_taken_back() {
    let withdrawal = Invariant::Withdrawal;
    finds(Planted::OldConsents, QueueKind::Embedded, 200, withdrawal);
}

#[test]
fn an_answer_that_is_struck_unheard_leaves_its_sender_untold() {
    let answer = Invariant::Answer;
    finds(Planted::UnheardMeansTold, QueueKind::Embedded, 60, answer);
}

#[test]
fn an_outcome_that_is_committed_without_its_answer_leaves_its_sender_untold() {
    let answer = Invariant::Answer;
    finds(
        Planted::OutcomeWithoutAnswer,
        QueueKind::Embedded,
        60,
        answer,
    );
}
