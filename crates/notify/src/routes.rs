//! Who gets the messages of an area, by the addresses of a channel.

use core::fmt;
use grid::{Topology, TopologyRow};
use reading::{AreaId, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a message goes: a text that the file of its channel has checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// An address as its channel writes it. Only the file of the channel can know that it is one.
    pub(crate) fn checked(text: String) -> Self {
        Self(text)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A column of the topology that has the addresses of a channel, an address an area.
#[derive(Debug)]
pub struct AddressColumn {
    /// What one of its values is, with its article.
    pub one: &'static str,
    /// What two of them are.
    pub several: &'static str,
    /// What a value has to be.
    pub wanted: &'static str,
    /// How a person writes it.
    pub help: &'static str,
    /// Its value.
    pub value: fn(&TopologyRow) -> Option<&str>,
    /// The address, if the value is one.
    pub read: fn(&str) -> Option<Address>,
}

/// The address of each area, and one for what has no area of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    by_area: BTreeMap<AreaId, Address>,
    otherwise: Option<Address>,
}

/// Why a topology makes no routes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RouteError {
    /// A value that is no address.
    #[error("meter {meter} has {} \"{found}\", which is no {}", column.one, column.wanted)]
    NoAddress {
        /// Which column.
        column: &'static AddressColumn,
        /// Which row.
        meter: MeterId,
        /// What stands there.
        found: String,
    },
    /// Two addresses for one area.
    #[error("area {area} has two {}, {one} and {other}", column.several)]
    TwoAddresses {
        /// Which column.
        column: &'static AddressColumn,
        /// Which area.
        area: Arc<AreaId>,
        /// An address.
        one: Address,
        /// Another.
        other: Address,
    },
}

impl RouteError {
    /// A way out.
    pub fn help(&self) -> &'static str {
        let (Self::NoAddress { column, .. } | Self::TwoAddresses { column, .. }) = self;
        column.help
    }
}

impl Routes {
    /// Everything goes to one address.
    pub fn to_one(address: Address) -> Self {
        Self { by_area: BTreeMap::new(), otherwise: Some(address) }
    }

    /// Each area has the address of its rows that hold until further notice. What has no area, or an area without an
    /// address, reaches no one.
    pub fn by_area(topology: &Topology, column: &'static AddressColumn) -> Result<Self, RouteError> {
        let mut by_area = BTreeMap::<AreaId, Address>::new();
        for row in topology.rows().iter().filter(|row| row.to.is_none()) {
            let (Some(area), Some(found)) = (&row.area, (column.value)(row)) else { continue };
            let address = (column.read)(found).ok_or_else(|| RouteError::NoAddress {
                column,
                meter: row.meter,
                found: found.to_owned(),
            })?;
            match by_area.get(&**area) {
                Some(known) if *known != address => {
                    let one = known.clone().min(address.clone());
                    let other = known.clone().max(address);
                    return Err(RouteError::TwoAddresses { column, area: Arc::clone(area), one, other });
                }
                _ => by_area.insert(**area, address),
            };
        }
        Ok(Self { by_area, otherwise: None })
    }

    /// The address that gets the messages of this area.
    pub fn address_of(&self, area: Option<AreaId>) -> Option<&Address> {
        area.and_then(|area| self.by_area.get(&area)).or(self.otherwise.as_ref())
    }
}
