//! `swath sandbox`: NASA's services over a folder of granules, in the foreground.

use std::path::PathBuf;

use serde_json::{Map, Value};
use swath_sandbox::{Sandbox, SandboxOptions};

use crate::args::SandboxArgs;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(args: &SandboxArgs, output: Output) -> Result<(), Failure> {
    let options = SandboxOptions::new(&args.data);
    let options = match args.port {
        Some(port) => options.with_port(port),
        None => options,
    };
    let sandbox = Sandbox::start(options).await?;
    let authority = Authority(std::env::temp_dir().join(format!("swath-sandbox-{}.pem", std::process::id())));
    sandbox.write_ca(&authority.0)?;
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

/// The file of the sandbox's certificate authority; it goes when the sandbox does.
struct Authority(PathBuf);

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
