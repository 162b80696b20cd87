//! How a request stands to its limits, and the headers that say so.
//!
//! The headers are those of the IETF's draft (`draft-ietf-httpapi-ratelimit-headers`) in the form that clients read today: one
//! number each, of the tightest limit. Newer drafts put them into one structured field; nobody reads that yet.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use quarry_core::Access;

use super::{
    class::{Door, RouteClass},
    rate::Rate,
};
use crate::middleware::client;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A request on its way past the limits. It is an extension of the request, so that whoever finds out who is asking can go on
/// with it.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(super) class: Option<RouteClass>,
    pub(super) door: Door,
    /// The address, or the network of it, that is counted.
    pub(super) network: IpAddr,
    standing: Arc<Mutex<Standing>>,
}

#[derive(Default)]
struct Standing {
    told: Option<Told>,
    /// Whether the address has paid, which it does once.
    paid: bool,
    /// Who asks, once it is known.
    who: Option<Access>,
}

/// The tightest limit of a request.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) rate: Rate,
    pub(super) remaining: u32,
    pub(super) reset: Duration,
}

impl Asking {
    pub(crate) fn new(method: &Method, route: &str, address: IpAddr) -> Self {
        Self {
            class: RouteClass::of(method, route),
            door: Door::of(route),
            network: client::network(address),
            standing: Arc::default(),
        }
    }

    /// The one that comes with a request.
    pub(crate) fn found(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// How one is let in.
    pub(crate) const fn door(&self) -> Door {
        self.door
    }

    /// Whether the address has not paid yet; from now on it has.
    pub(super) fn pays(&self) -> bool {
        !std::mem::replace(&mut self.standing.lock().paid, true)
    }

    pub(super) fn tell(&self, told: Told) {
        self.standing.lock().told = Some(told);
    }

    /// Says who asks.
    pub(crate) fn is(&self, access: &Access) {
        self.standing.lock().who = Some(access.clone());
    }

    /// Who asks, where that is known by now.
    pub(crate) fn who(&self) -> Option<Access> {
        self.standing.lock().who.clone()
    }

    /// Sets the headers, where the request was counted.
    pub(crate) fn show(&self, headers: &mut HeaderMap) {
        let told = self.standing.lock().told;
        let Some(Told { rate: Rate::On { count, period, burst }, remaining, reset }) = told else { return };
        let reset = u64::try_from(reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
        headers.insert(LIMIT, HeaderValue::from(burst));
        headers.insert(REMAINING, HeaderValue::from(remaining));
        headers.insert(RESET, HeaderValue::from(reset));
        let policy = format!("{count};w={};burst={burst}", period.seconds());
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(POLICY, policy);
        }
    }
}
