//! Routing of requests.
//! Second line.

use std::fmt;

/// A router.
#[derive(Clone)]
pub struct Router<S = ()> {
    inner: S,
}

impl<S> Router<S>
where
    S: Clone,
{
    /// Nests a router.
    ///
    /// More.
    #[must_use]
    pub fn nest(self, path: &str, router: Router<S>) -> Self {
        let check = |x: u32| x + 1;
        self
    }
}

impl<'a, T> fmt::Display for &'a mut inner::Wrapper<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

pub trait Service<R> {
    type Future;
    fn call(&mut self, request: R) -> Self::Future;
    fn ready(&self) -> bool { true }
}

/** An error. */
#[non_exhaustive]
pub enum Error { A, B }

pub type Result<T> = std::result::Result<T, Error>;

mod routing {
    pub(crate) mod path {
        pub async unsafe fn join(a: &str) {}
    }
}

/// Makes items.
macro_rules! cfg_rt {
    ($($item:item)*) => {};
}

cfg_rt! {
    /// Spawns.
    #[inline]
    pub fn spawn<F>(future: F) {}

    impl Handle {
        cfg_inner! { fn enter(&self) {} }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn joins() {}
}
