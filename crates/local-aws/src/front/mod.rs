//! The front: receives every request, and passes it through the stages of its plane.

mod app;
mod body;
mod control_plane;
mod decode;
mod host;
mod serve;
mod unsigned;

pub(crate) use app::App;
#[cfg(fuzzing)]
pub(crate) use control_plane::execute;
#[cfg(fuzzing)]
pub(crate) use decode::decode;
pub(crate) use serve::serve;
