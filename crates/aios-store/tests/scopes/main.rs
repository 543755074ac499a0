//! Nothing that is somebody's comes back to anybody else, whatever is done meanwhile.

// The lints take a module for test code by this mark.
#[cfg(test)]
mod calls;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod names;
