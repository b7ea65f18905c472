//! How connections to recipients come about, whatever is spoken over them: which addresses they may
//! go to, over TCP within a stated time, and of what TLS is made.

pub mod address_filter;
pub mod certificates;
pub(crate) mod tcp_connector;
