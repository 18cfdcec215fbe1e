//! Pages of a longer list: `first` says how many, `after` names the row before the page by its own key, so that a
//! page stays where it was when rows are added.

use std::borrow::Cow;

use async_graphql::{OutputType, SimpleObject, TypeName};

use crate::refusal::Refusal;

/// Where a page ends and whether more follows.
#[derive(SimpleObject, Clone, PartialEq, Debug)]
#[graphql(shareable)]
pub(crate) struct PageInfo {
    /// Whether there are more after this page.
    pub has_next_page: bool,
    /// Pass it as `after` to get the next page. Null on an empty page.
    pub end_cursor: Option<String>,
}

/// One page of a longer list.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Page<T: OutputType> {
    /// What is on this page.
    pub nodes: Vec<T>,
    /// How many there are on all pages.
    pub total: i32,
    pub page_info: PageInfo,
}

impl<T: OutputType> TypeName for Page<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Page", T::type_name()).into()
    }
}

/// The part of a list that a client asked for.
pub(crate) struct Window {
    pub first: i32,
    pub after: Option<String>,
}

impl Window {
    /// Cuts the window out of all rows; `cursor` is the key of a row.
    pub(crate) fn cut<R, T: OutputType>(
        self,
        rows: Vec<R>,
        cursor: impl Fn(&R) -> &str,
        node: impl Fn(R) -> T,
    ) -> Result<Page<T>, Refusal> {
        let start = match &self.after {
            None => 0,
            Some(after) => match rows.iter().position(|row| cursor(row) == after) {
                Some(position) => position + 1,
                None => return Err(Refusal::unknown("cursor", after)),
            },
        };
        let total = rows.len();
        let end = start.saturating_add(self.first.max(0) as usize).min(total);
        let end_cursor = rows[start..end].last().map(|row| cursor(row).to_owned());
        Ok(Page {
            nodes: rows
                .into_iter()
                .skip(start)
                .take(end - start)
                .map(node)
                .collect(),
            total: total as i32,
            page_info: PageInfo {
                has_next_page: end < total,
                end_cursor,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(first: i32, after: Option<&str>) -> Result<Page<String>, Refusal> {
        let window = Window {
            first,
            after: after.map(str::to_owned),
        };
        window.cut(vec!["a", "b", "c", "d", "e"], |row| row, str::to_owned)
    }

    fn shape(page: Page<String>) -> (String, i32, bool, Option<String>) {
        let info = page.page_info;
        (
            page.nodes.concat(),
            page.total,
            info.has_next_page,
            info.end_cursor,
        )
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let first = shape(cut(2, None).unwrap());
        assert_eq!(first, ("ab".into(), 5, true, Some("b".into())));
        let second = shape(cut(2, Some("b")).unwrap());
        assert_eq!(second, ("cd".into(), 5, true, Some("d".into())));
        let last = shape(cut(2, Some("d")).unwrap());
        assert_eq!(last, ("e".into(), 5, false, Some("e".into())));
        let beyond = shape(cut(2, Some("e")).unwrap());
        assert_eq!(beyond, (String::new(), 5, false, None));
        let none = shape(cut(0, None).unwrap());
        assert_eq!(none, (String::new(), 5, true, None));
    }

    #[test]
    fn a_cursor_that_names_no_row_is_refused() {
        let refusal = cut(2, Some("x")).err().unwrap();
        assert_eq!(refusal.to_string(), "there is no cursor x");
    }
}
