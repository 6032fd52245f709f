//! The methods of views.

use super::*;
use crate::admin::{MAX_RESTRICTIONS, Restriction, ResultPage, ViewRequest, default_columns};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertadmind::{
    CERTVIEWRESTRICTION, EnumAttributesOrExtensionsIn, EnumViewIn, OpenViewIn,
};

/// A count, a blob, and the return value.
pub(super) type Counted = (u32, CERTTRANSBLOB, u32);

/// Attributes of EnumAttributesOrExtensions.
const ATTRIBUTES: u32 = 0;
/// Extensions of EnumAttributesOrExtensions.
const EXTENSIONS: u32 = 1;

/// What a method hands out, with S_FALSE where it was the end. What cannot be encoded is larger than
/// the wire allows.
fn counted(
    caller: &Caller,
    method: Method,
    done: Done<(Option<(u32, CERTTRANSBLOB)>, bool)>,
) -> Counted {
    match done {
        Ok((Some((count, blob)), end)) => {
            let status = if end { HResult::S_FALSE } else { HResult::S_OK };
            (count, blob, status.0)
        }
        Ok((None, _)) => (0, CERTTRANSBLOB::default(), HResult::E_UNEXPECTED.0),
        Err(error) => (0, CERTTRANSBLOB::default(), refused(caller, method, &error).0),
    }
}

fn page(page: &ResultPage) -> (Option<(u32, CERTTRANSBLOB)>, bool) {
    (blobs::rows(page), page.total.is_some())
}

fn restriction(restriction: CERTVIEWRESTRICTION) -> Restriction {
    Restriction {
        column: restriction.column_index,
        operator: restriction.seek_operator,
        sort: restriction.sort_order,
        value: restriction.pb_value.unwrap_or_default(),
    }
}

impl CertAdmin {
    pub(super) fn columns_of(
        &self,
        caller: &Caller,
        authority: Option<&WideString>,
        table: u32,
        (first, count): (u32, u32),
    ) -> Counted {
        const METHOD: Method = Method::EnumViewColumn;
        let enumerate = || {
            self.check(caller, METHOD, authority)?;
            let table =
                Table::from_number(table).ok_or(AdminError::Argument("there is no such table"))?;
            if count == 0 {
                return Err(AdminError::Argument("no columns are asked for"));
            }
            let columns = part(table.columns(), first, count);
            Ok((blobs::columns(columns), columns.is_empty()))
        };
        counted(caller, METHOD, enumerate())
    }

    pub(super) fn default_set(
        &self,
        caller: &Caller,
        authority: Option<&WideString>,
        set: u32,
    ) -> Counted {
        const METHOD: Method = Method::GetViewDefaultColumnSet;
        let find = || {
            self.check(caller, METHOD, authority)?;
            let columns = default_columns(set);
            let columns = columns.ok_or(AdminError::Argument("there is no such set of columns"))?;
            Ok((blobs::identifiers(&columns), false))
        };
        counted(caller, METHOD, find())
    }

    pub(super) async fn parts(
        &self,
        caller: &Caller,
        request: EnumAttributesOrExtensionsIn,
    ) -> Counted {
        const METHOD: Method = Method::EnumAttributesOrExtensions;
        let parts = async {
            let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref())?;
            let row = administration.parts_of(RequestId(request.row_id)).await?;
            let last = text(request.pwsz_last.as_ref());
            let (all, unknown) = match request.flags {
                ATTRIBUTES => {
                    let names = row.columns.attributes.iter().map(|(name, _)| name.as_str());
                    (names.collect::<Vec<_>>(), AdminError::NoRequest(row.id))
                }
                EXTENSIONS => {
                    let names = row.columns.extensions.iter().map(|(name, ..)| name.as_str());
                    let unknown = AdminError::Argument("there is no extension of this name");
                    (names.collect(), unknown)
                }
                _ => return Err(AdminError::Argument("0 is attributes, 1 is extensions")),
            };
            let first = match &*last {
                "" => 0,
                last => {
                    let at = all.iter().position(|name| name.eq_ignore_ascii_case(last));
                    at.and_then(|at| at.checked_add(1)).ok_or(unknown)?
                }
            };
            let (first, rest) = (u32::try_from(first).unwrap_or(u32::MAX), request.celt);
            Ok(if request.flags == ATTRIBUTES {
                let part = part(&row.columns.attributes, first, rest);
                (blobs::attributes(part), is_short(part.len(), rest))
            } else {
                let part = part(&row.columns.extensions, first, rest);
                (blobs::extensions(part), is_short(part.len(), rest))
            })
        };
        counted(caller, METHOD, parts.await)
    }

    pub(super) async fn open(&self, caller: &Caller, request: OpenViewIn) -> Counted {
        const METHOD: Method = Method::OpenView;
        let open = async {
            let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref())?;
            let mut place = self.view.lock().await;
            if place.is_some() {
                return Err(AdminError::ViewOpen);
            }
            if request.acvr.len() > MAX_RESTRICTIONS {
                return Err(AdminError::Argument("too many restrictions"));
            }
            let restrictions = request.acvr.into_iter().map(restriction).collect();
            let wanted = ViewRequest { restrictions, columns: request.acol_out };
            let mut view = administration.open_view(caller, &wanted).await?;
            let rows = administration.read_view(&mut view, request.ielt, request.celt).await?;
            *place = Some(view);
            Ok(page(&rows))
        };
        counted(caller, METHOD, open.await)
    }

    pub(super) async fn read(&self, caller: &Caller, request: EnumViewIn) -> Counted {
        const METHOD: Method = Method::EnumView;
        let read = async {
            let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref())?;
            let mut view = self.view.lock().await;
            let view = view.as_mut().ok_or(AdminError::NoView)?;
            let rows = administration.read_view(view, request.ielt, request.celt).await?;
            debug!(caller = caller.account, touched = view.touched(), "view read");
            Ok(page(&rows))
        };
        counted(caller, METHOD, read.await)
    }

    pub(super) async fn close(&self, caller: &Caller, authority: Option<&WideString>) -> u32 {
        const METHOD: Method = Method::CloseView;
        let close = async {
            self.check(caller, METHOD, authority)?;
            self.view.lock().await.take().map(drop).ok_or(AdminError::NoView)
        };
        code(caller, METHOD, close.await)
    }
}

/// Up to `count` elements from `first` on.
fn part<T>(all: &[T], first: u32, count: u32) -> &[T] {
    let first = usize::try_from(first).unwrap_or(usize::MAX).min(all.len());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let end = first.saturating_add(count).min(all.len());
    all.get(first..end).unwrap_or_default()
}

/// Whether fewer came than were asked for: the end.
fn is_short(length: usize, count: u32) -> bool {
    usize::try_from(count).is_ok_and(|count| length < count)
}
