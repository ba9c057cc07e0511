//! `swath sandbox`: NASA's services over a folder of granules, in the foreground.

use serde_json::{Map, Value};
use swath_sandbox::{Sandbox, SandboxOptions};

use crate::args::SandboxArgs;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(args: &SandboxArgs, output: Output) -> Result<(), Failure> {
    let mut options = SandboxOptions::new(&args.data);
    options.port = args.port;
    let sandbox = Sandbox::start(options).await?;
    let environment = sandbox.environment();
    if output.json {
        let map: Map<String, Value> =
            environment.into_iter().map(|(name, value)| (name, value.into())).collect();
        output.line(&Value::Object(map))?;
    } else {
        let lines: Vec<String> =
            environment.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
        output.data(&lines.join("\n"))?;
    }
    output.note("the sandbox is running; end it with Ctrl-C");
    std::future::pending().await
}
