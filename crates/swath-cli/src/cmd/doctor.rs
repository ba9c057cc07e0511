//! `swath doctor`: everything that a search and a read depend on, looked at one by one.

use swath::doctor::Outcome;
use swath::{ErrorKind, Session};

use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(session: &Session, output: Output) -> Result<(), Failure> {
    output.note("looking at proxy, certificates, services, login, data and disk …");
    let report = session.examine().await;
    if output.json {
        output.line(&report.to_json())?;
    } else {
        output.data(&report.to_string())?;
    }
    output.account(session.ledger());
    let failed = report.checks.iter().filter(|check| check.outcome == Outcome::Failed).count();
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new(ErrorKind::Local, "one check failed; what helps is said with it")),
        _ => Err(Failure::new(ErrorKind::Local, format!("{failed} checks failed; begin with the first"))),
    }
}
