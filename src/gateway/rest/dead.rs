//! Routes that are never taken, for an earlier one takes all that they match. Only what is sure is said.

use super::matching::Match;
use crate::gateway::misfit::Misfit;

/// Finds the first of them.
pub(super) fn check(routes: &[&Match]) -> Result<(), Misfit> {
    for (number, route) in routes.iter().enumerate() {
        let mut earlier = routes[..number].iter().enumerate();
        if let Some((taker, earlier)) = earlier.find(|(_, earlier)| earlier.covers(route)) {
            let message = format!(
                "this route is never taken: route {} (`{}`) takes all that it matches",
                taker + 1,
                earlier.label()
            );
            return Err(Misfit::new(&["routes", &number.to_string()], message));
        }
    }
    Ok(())
}
