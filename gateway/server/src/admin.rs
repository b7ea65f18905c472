//! What operators ask of a store: the questions, who answers them, and the socket by which a
//! running gateway is asked. How answers look is each command's own.

pub(crate) mod access;
pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod desk;
mod patient_words;
mod reports;
pub(crate) mod request;
mod ruling;
pub(crate) mod socket;
