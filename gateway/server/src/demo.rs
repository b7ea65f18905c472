//! What `isthmus demo` is made of: a folder to work in, a feed, two sample recipients, the story
//! and what is shown of it. The gateway that it runs is the one of `wiring`.

pub(crate) mod asking;
pub(crate) mod board;
pub(crate) mod expectation;
pub(crate) mod feed;
pub(crate) mod ledger_reading;
pub(crate) mod receiver;
pub(crate) mod receiver_book;
pub(crate) mod report;
pub(crate) mod sample_recipients;
pub(crate) mod screen;
pub(crate) mod setting;
pub(crate) mod show;
pub(crate) mod story;
pub(crate) mod table;
pub(crate) mod view;
pub(crate) mod working_folder;
