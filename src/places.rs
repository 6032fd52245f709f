//! Places for connections: so many in all, so many for each client. Where all are taken, a newcomer
//! gets the place of one that needs it least, so that nobody can shut others out by holding
//! connections open.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tracing::warn;

use crate::logging::Seldom;
use crate::metrics;

/// Pause after a failed accept: the process may be out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many unknown clients at most are shown out at once, of so many places: whoever connects as
/// fast as they can is not worth a look at all places for each connection.
const SHOWN_OUT_OF: usize = 64;
/// So many places are as good as one: several clients may share an address.
const SEVERAL: usize = 16;
/// Standings in milliseconds leave this many bits for the rank.
const RANK_SHIFT: u32 = 56;

/// Places for connections.
pub(crate) struct Places {
    max_total: usize,
    max_each: usize,
    began: Instant,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next_id: u64,
    all: HashMap<u64, Arc<Holder>>,
    each: HashMap<IpAddr, Arc<AtomicUsize>>,
}

struct Holder {
    client: IpAddr,
    /// How many places this client has.
    of_client: Arc<AtomicUsize>,
    standing: AtomicU64,
    shown_out: Notify,
}

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rank {
    /// Has not proved who it is.
    Unknown,
    /// Has, and waits for nothing.
    Idle,
    /// Waits for an answer: its place is safe.
    Busy,
}

/// A place; dropping it gives it back.
pub(crate) struct Place {
    id: u64,
    holder: Arc<Holder>,
    places: Arc<Places>,
}

/// Why there is no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("too many connections from this address")]
    OfClient,
    #[error("too many connections, and all of them are busy")]
    AtAll,
}

impl Places {
    pub(crate) fn new(max_total: usize, max_each: usize) -> Arc<Self> {
        Arc::new(Self { max_total, max_each, began: Instant::now(), taken: Mutex::default() })
    }

    /// A place for a connection from this address, and how many others lost theirs for it.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<(Place, usize), NoPlace> {
        let client = client(address);
        let mut taken = self.lock();
        let of_client = taken.each.get(&client).map(Arc::clone).unwrap_or_default();
        if of_client.load(Ordering::Relaxed) >= self.max_each {
            return Err(NoPlace::OfClient);
        }
        let mut shown_out = 0;
        if taken.all.len() >= self.max_total {
            shown_out = taken.make_room(self.max_total.div_ceil(SHOWN_OUT_OF));
            if shown_out == 0 {
                return Err(NoPlace::AtAll);
            }
        }
        of_client.fetch_add(1, Ordering::Relaxed);
        taken.each.insert(client, Arc::clone(&of_client));
        let standing = AtomicU64::new(standing(Rank::Unknown, self.began.elapsed()));
        let holder = Arc::new(Holder { client, of_client, standing, shown_out: Notify::new() });
        let id = taken.next_id;
        taken.next_id = id.wrapping_add(1);
        taken.all.insert(id, Arc::clone(&holder));
        drop(taken);
        Ok((Place { id, holder, places: Arc::clone(self) }, shown_out))
    }

    /// Takes the place of one that needs it least, if there is such: the process has no room for
    /// what is already there.
    pub(crate) fn make_room(&self) -> usize {
        self.lock().make_room(1)
    }

    /// The table holds nothing that a panic elsewhere could leave half-done.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Shows out up to `most` unknown clients, or one that is known: of those who hold most places
    /// ([`SEVERAL`] count as one) first, and of theirs the one that has held or not used it longest.
    fn make_room(&mut self, most: usize) -> usize {
        let mut least: Vec<(u64, Reverse<usize>, u64, u64)> = self
            .all
            .iter()
            .map(|(id, holder)| {
                let standing = holder.standing.load(Ordering::Relaxed);
                let places = Reverse(holder.of_client.load(Ordering::Relaxed) / SEVERAL);
                (standing >> RANK_SHIFT, places, standing, *id)
            })
            .filter(|(rank, ..)| *rank < code(Rank::Busy))
            .collect();
        let unknown = least.iter().filter(|(rank, ..)| *rank == code(Rank::Unknown)).count();
        let leave = unknown.clamp(1, most.max(1)).min(least.len());
        if leave < least.len() {
            // The least come first, in whatever order.
            least.select_nth_unstable(leave);
        }
        for (.., id) in least.into_iter().take(leave) {
            if let Some(holder) = self.remove(id) {
                holder.shown_out.notify_one();
            }
        }
        leave
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Holder>> {
        let holder = self.all.remove(&id)?;
        if holder.of_client.fetch_sub(1, Ordering::Relaxed) <= 1 {
            self.each.remove(&holder.client);
        }
        Some(holder)
    }
}

impl Place {
    /// Notes where the connection stands now. The time of its rank begins anew when it rises or
    /// falls.
    pub(crate) fn stands(&self, rank: Rank) {
        if self.holder.standing.load(Ordering::Relaxed) >> RANK_SHIFT != code(rank) {
            self.stands_anew(rank);
        }
    }

    /// The same; the time of its rank begins anew in any case.
    pub(crate) fn stands_anew(&self, rank: Rank) {
        let standing = standing(rank, self.places.began.elapsed());
        self.holder.standing.store(standing, Ordering::Relaxed);
    }

    /// Comes to an end when another gets the place.
    pub(crate) fn shown_out(&self) -> impl Future<Output = ()> + use<> {
        let holder = Arc::clone(&self.holder);
        async move { holder.shown_out.notified().await }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Who was shown out is not there any more.
        self.places.lock().remove(self.id);
    }
}

/// How connections of one protocol are taken in: by all listeners of it.
pub(crate) struct Reception {
    /// What the log calls one of them, and several.
    names: (&'static str, &'static str),
    /// The section of the configuration with the limits.
    section: &'static str,
    counts: &'static metrics::Connections,
    failed: Seldom,
    refused: Seldom,
    shown_out: Seldom,
}

impl Reception {
    pub(crate) const fn new(
        names: (&'static str, &'static str),
        section: &'static str,
        counts: &'static metrics::Connections,
    ) -> Self {
        let [failed, refused, shown_out] = [const { Seldom::new() }; 3];
        Self { names, section, counts, failed, refused, shown_out }
    }

    /// The next connection that there is a place for.
    pub(crate) async fn accept(
        &self,
        listener: &TcpListener,
        places: &Arc<Places>,
    ) -> (TcpStream, SocketAddr, Place) {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.failed(&error, places);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match places.take(peer.ip()) {
                Ok((place, shown_out)) => {
                    self.showed_out(shown_out);
                    return (stream, peer, place);
                }
                Err(why) => self.refused(peer, why),
            }
        }
    }

    fn failed(&self, error: &io::Error, places: &Places) {
        metrics::ACCEPT_FAILED.add();
        let shown_out = if is_exhaustion(error) { places.make_room() } else { 0 };
        self.counts.shown_out.add_many(shown_out);
        if let Some(times) = self.failed.happened(1) {
            warn!(%error, times, "cannot accept {}", self.names.0);
        }
    }

    fn showed_out(&self, shown_out: usize) {
        self.counts.shown_out.add_many(shown_out);
        if let Some(connections) = self.shown_out.happened(shown_out) {
            warn!(
                connections,
                "all places for {} are taken ({}.connections): those that need theirs least make room",
                self.names.1,
                self.section
            );
        }
    }

    fn refused(&self, peer: SocketAddr, why: NoPlace) {
        self.counts.refused.add();
        if let Some(connections) = self.refused.happened(1) {
            warn!(%peer, connections, "{} refused (section {}): {why}", self.names.1, self.section);
        }
    }
}

/// Who counts as one client: an address, or of IPv6 the network of 64 bits that every host has.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

fn code(rank: Rank) -> u64 {
    match rank {
        Rank::Unknown => 0,
        Rank::Idle => 1,
        Rank::Busy => 2,
    }
}

/// A number that is the smaller the lower the rank and the earlier the time.
fn standing(rank: Rank, since: Duration) -> u64 {
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    (code(rank) << RANK_SHIFT) | (millis & ((1 << RANK_SHIFT) - 1))
}

/// Whether the process, or the system, has no file descriptor left.
fn is_exhaustion(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn take(places: &Arc<Places>, last: u8) -> Place {
        places.take(address(last)).unwrap().0
    }

    async fn is_shown_out(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.shown_out()).await.is_ok()
    }

    fn later() {
        std::thread::sleep(Duration::from_millis(2));
    }

    #[test]
    fn one_client_has_so_many_places_and_they_come_back() {
        let places = Places::new(10, 2);
        let [first, _second] = [take(&places, 1), take(&places, 1)];
        assert_eq!(places.take(address(1)).err(), Some(NoPlace::OfClient));
        let _other = take(&places, 2);
        drop(first);
        let again = take(&places, 1);
        drop(again);
        let taken = places.lock();
        assert_eq!((taken.all.len(), taken.each.len()), (2, 2));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_mapped_addresses_are_those_of_ipv4() {
        let places = Places::new(10, 1);
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::2:3:4:5", "2001:db8:0:1::1"].map(|a| a.parse().unwrap());
        let _one = places.take(one).unwrap();
        assert!(places.take(same).is_err());
        let _other = places.take(other).unwrap();
        let _v4 = places.take(address(1)).unwrap();
        assert!(places.take("::ffff:192.0.2.1".parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn the_unknown_client_with_most_places_makes_room_with_its_oldest() {
        let places = Places::new(SEVERAL + 2, SEVERAL);
        let alone = take(&places, 1);
        later();
        let old = take(&places, 2);
        later();
        let new: Vec<_> = (1..SEVERAL).map(|_| take(&places, 2)).collect();
        let idle = take(&places, 3);
        idle.stands(Rank::Idle);
        let (newcomer, shown_out) = places.take(address(4)).unwrap();
        assert_eq!(shown_out, 1);
        assert!(is_shown_out(&old).await);
        for kept in new.iter().chain([&alone, &idle, &newcomer]) {
            assert!(!is_shown_out(kept).await);
        }
        drop(old);
        assert_eq!(places.lock().all.len(), SEVERAL + 2, "a place is given back once");
    }

    #[tokio::test]
    async fn of_clients_with_few_places_each_the_oldest_makes_room_though_others_share_an_address()
    {
        let places = Places::new(4, 4);
        let old = take(&places, 1);
        later();
        let sharing: Vec<_> = (0..3).map(|_| take(&places, 2)).collect();
        let (_newcomer, _) = places.take(address(3)).unwrap();
        assert!(is_shown_out(&old).await);
        for kept in &sharing {
            assert!(!is_shown_out(kept).await);
        }
    }

    #[tokio::test]
    async fn known_clients_make_room_when_no_unknown_ones_are_there_and_busy_ones_never() {
        let places = Places::new(2, 2);
        let (busy, idle) = (take(&places, 1), take(&places, 2));
        busy.stands(Rank::Busy);
        idle.stands(Rank::Idle);
        let (newcomer, _) = places.take(address(3)).unwrap();
        assert!(is_shown_out(&idle).await && !is_shown_out(&busy).await);
        newcomer.stands(Rank::Busy);
        assert_eq!(places.take(address(4)).err(), Some(NoPlace::AtAll));
        busy.stands(Rank::Idle);
        assert!(places.take(address(4)).is_ok());
        assert!(is_shown_out(&busy).await);
    }

    #[test]
    fn a_flood_of_unknown_clients_makes_room_for_many_at_once() {
        let places = Places::new(256, 256);
        let _flood: Vec<_> = (0..255).map(|_| take(&places, 1)).collect();
        let known = take(&places, 2);
        known.stands(Rank::Idle);
        let (_newcomer, shown_out) = places.take(address(3)).unwrap();
        assert_eq!((shown_out, places.lock().all.len()), (4, 253));
        assert_eq!(places.make_room(), 1);
    }
}
