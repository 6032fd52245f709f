//! The endpoint mapper: which interface is served on which port ([MS-RPCE] 2.2.1.2).

mod cursors;
mod service;
mod table;
#[cfg(test)]
mod tests;
mod tower;

pub use service::EndpointMapper;
pub use table::{Endpoint, EndpointTable, Query, VersionOption};
pub use tower::{Floor, MAX_FLOORS, MAX_TOWER_LEN, Tower, TowerError};
