//! What a resource needs to call AWS: clients, the stack it belongs to, and where to report events.

use crate::{
    aws::Clients,
    change::Events,
    names::{StackId, StackKey},
};

/// What a call that reads needs. It need not know the account, so nothing that is read waits for that.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// Clients.
    pub aws: &'a Clients,
    /// Which stack's resources.
    pub id: &'a StackKey,
}

/// What every other call needs.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Clients.
    pub aws: &'a Clients,
    /// Whose resources.
    pub id: &'a StackId,
    /// Who hears of it.
    pub events: &'a Events,
}

impl<'a> Context<'a> {
    /// For calls that read.
    pub fn reader(self) -> Reader<'a> {
        Reader { aws: self.aws, id: self.id }
    }
}
