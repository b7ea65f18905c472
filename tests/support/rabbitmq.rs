//! A RabbitMQ of a test's own, started and spoken to through `tests/tools/rabbitmq.py`; what is
//! done to it is in the tests.

use std::ops::Deref;

use crate::tool_process::ToolProcess;

/// A broker in a folder of its own, on the loopback; it ends with this. It tells `url`, `user`,
/// `password` and `log`, and takes `kill`, `start` and `ctl WORD ..`.
#[derive(Debug)]
pub struct RabbitMqProcess(ToolProcess);

impl RabbitMqProcess {
    /// Starts one, with these arguments of the program beside its folder.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(arguments: &[&str]) -> Self {
        let hint = "tests/run installs rabbitmq-server";
        Self(ToolProcess::start("rabbitmq.py", arguments, hint))
    }
}

impl Deref for RabbitMqProcess {
    type Target = ToolProcess;

    fn deref(&self) -> &ToolProcess {
        &self.0
    }
}
