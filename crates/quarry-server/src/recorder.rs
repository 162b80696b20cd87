//! The recorder behind `/metrics`, with the buckets our histograms need.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use metrics_exporter_prometheus::BuildError as RecorderError;

/// Seconds. A search takes about a millisecond and a large upload a minute, so the steps are even on a logarithmic
/// scale from a quarter of a millisecond up.
const SECONDS: [f64; 17] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 4.0, 16.0,
    64.0, 256.0,
];

/// Makes this process count what happens, once for the whole process, and gives the handle that renders it.
///
/// # Errors
/// A recorder is installed already.
pub fn install_recorder() -> Result<PrometheusHandle, RecorderError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
}
