//! What became of every notice and of every errand. Nothing is dropped without a count.

use serde::{Deserialize, Serialize};

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// How many notices came, and what became of the errands that they made: one for each route and receiver.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Counts { $($(#[$doc])* pub $field: u64,)* }

        impl Counts {
            /// Each with its name.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($field), self.$field),)*].into_iter()
            }

            /// Adds what was counted elsewhere.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }
        }
    };
}

counts! {
    /// Notices that something began or happened.
    notices,
    /// Of these: of an episode that was known already.
    known,
    /// Of these: that no route asks for.
    unrouted,
    /// Errands that were made.
    errands,
    /// Errands without an address: no reader of the area, no phone of the consumer.
    unreachable,
    /// Errands about what a message was sent about not long ago, and that is not clearly worse.
    repeated,
    /// Errands that a message of their own, or of their group, carried out.
    sent,
    /// Errands that a digest carried out, after the receiver's limit or quiet hours had held them back.
    digested,
    /// Errands of what was over, or withdrawn, before anybody heard of it.
    over,
    /// The same, where a silence had kept them back.
    silenced,
    /// The same, where something greater had kept them back.
    inhibited,
    /// Escalations that became needless, because someone acknowledged, or because it ended.
    answered,
    /// Errands of a route or receiver that the plan no longer has.
    homeless,
}
