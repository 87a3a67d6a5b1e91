//! What several transactions may not do at once, where an engine lets several write.

/// A thing that one transaction at a time reads in order to write it. Taken in this order, so that no two transactions
/// wait for each other; rows of items come before either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Which item is the first with a text: two nodes must not both find none.
    Originals,
    /// The open incidents and their alerts: two nodes must not both open one for the same event.
    Incidents,
    /// Claims and how far their verification is: two nodes must not both find that nobody has said a thing yet.
    Claims,
    /// Which message of a provider's is whose: an event that nobody can place yet and the answer that names its message must not
    /// miss each other. Comes before rows of deliveries.
    Messages,
    /// Telling items: two nodes must not both find that a person has not been told of an incident lately.
    News,
}
