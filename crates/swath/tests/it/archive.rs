//! A sandbox over the demo granules, and sessions that know it.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use swath::{DataArray, LonLatBox, ReadLimits, Result, Session, SessionOptions, Token};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, SandboxOptions, Service};

/// The newest of the demo granules' first date.
pub(crate) const GRANULE: &str =
    "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
/// The five that are newest, in the order of time.
pub(crate) const NEWEST: [&str; 5] = [
    GRANULE,
    "NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05009_N_F_J_001",
    "NISAR_L2_PR_GCOV_007_172_A_008_2005_DHDH_A_20251216T024619_20251216T024653_X05009_N_F_J_001",
    "NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05009_N_F_J_001",
    "NISAR_L2_PR_GCOV_009_172_A_008_2005_DHDH_A_20260109T024620_20260109T024654_X05009_N_F_J_001",
];
/// The cookbook's box.
pub(crate) const BOX: [f64; 4] = [40.8463, 13.2553, 40.8574, 13.2684];

/// The demo granules on disk, unpacked once for all tests.
pub(crate) fn granules() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let unpack = || {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("demo-granules");
        swath_sandbox::unpack_demo(&folder).expect("the demo granules unpack")
    };
    FOLDER.get_or_init(unpack).clone()
}

/// Where the archive's file of a granule is.
pub(crate) fn stored(granule: &str) -> PathBuf {
    let collection = granules().join("sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1");
    collection.join(granule).join(format!("{granule}.h5"))
}

/// What h5py, numpy and rioxarray say about a granule (`fixtures/witness.py`).
pub(crate) fn expected(granule: &str) -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/expected")
        .join(format!("{granule}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("the expected values are there"))
        .expect("they are JSON")
}

/// A sandbox with its usual manners.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxOptions::new(granules())).await.expect("the sandbox starts")
}

/// A sandbox in which one thing goes wrong.
pub(crate) async fn sandbox_with(misbehaviour: Misbehaviour) -> Sandbox {
    let sandbox = sandbox().await;
    sandbox.misbehave(misbehaviour);
    sandbox
}

/// The fault, at the next request for data behind the gateway.
pub(crate) fn data_fault(fault: Fault) -> Misbehaviour {
    Misbehaviour::new(Service::Cdn, fault)
}

/// Options of a session that knows this sandbox alone, keeps nothing, and is impatient.
pub(crate) fn options(sandbox: &Sandbox) -> SessionOptions {
    let environment = sandbox.environment();
    let lookup =
        |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut options = SessionOptions::from_variables(lookup).expect("the sandbox's environment is usable");
    options.cache = None;
    options.http.extra_ca_pem = Some(sandbox.ca_pem().to_owned());
    options.http.no_proxy = true;
    options.http.retry.base = Duration::from_millis(1);
    options
}

pub(crate) fn session(sandbox: &Sandbox) -> Session {
    Session::new(options(sandbox)).expect("a session")
}

/// A session of another user, or with an odd token.
pub(crate) fn session_with_token(sandbox: &Sandbox, token: &str) -> Session {
    let token = Token::parse(token).expect("a token");
    Session::new(options(sandbox).with_token(token)).expect("a session")
}

pub(crate) fn cookbook_box() -> LonLatBox {
    LonLatBox::new(BOX[0], BOX[1], BOX[2], BOX[3]).expect("a box")
}

/// HHHH of frequency A.
pub(crate) async fn open(session: &Session, source: &str) -> Result<DataArray> {
    session.open_layer(source, "A", "HHHH", ReadLimits::default()).await
}

/// The cookbook's figure: the mean of HHHH in its box.
pub(crate) async fn mean(session: &Session, source: &str) -> Result<f64> {
    let layer = open(session, source).await?.clip_box(cookbook_box()).await?;
    Ok(layer.mean().await?.expect("the box holds valid pixels"))
}

/// The true mean of a granule in the cookbook's box.
pub(crate) fn true_mean(granule: &str) -> f64 {
    let expected = expected(granule);
    let windows = expected["windows"].as_array().expect("windows");
    let wanted = |window: &&serde_json::Value| {
        window["box"] == "seed" && window["path"] == "/science/LSAR/GCOV/grids/frequencyA/HHHH"
    };
    windows.iter().find(wanted).and_then(|window| window["mean"].as_f64()).expect("a mean")
}

/// Equal but for the last digits of a sum in another order.
pub(crate) fn assert_close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-12 * wanted.abs(), "{found} is not {wanted}");
}
