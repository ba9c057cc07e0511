//! Where this machine is: in AWS or not, and in which region. Nothing is asked unless it looks like a machine of AWS.
//!
//! The instance metadata service answers on a link-local address, in plain http, to whoever asks from the machine itself. On any
//! other machine that address is nobody's or somebody else's, so it is asked only where the hardware says that it is
//! Amazon's; no token and no name is ever sent to it, and no proxy is used.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

/// What is known of the machine before anything is asked.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// `AWS_REGION` or `AWS_DEFAULT_REGION`: on a laptop no more than a habit.
    named: Option<String>,
    /// What says that AWS itself has set the region: `AWS_EXECUTION_ENV`, `AWS_LAMBDA_FUNCTION_NAME`.
    runtime: Option<String>,
    is_amazons: bool,
    metadata: Option<SocketAddr>,
}

/// Where a machine is, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Whereabouts {
    /// Whether it is in AWS.
    pub in_aws: bool,
    /// The region, where it is known.
    pub region: Option<String>,
    /// What says so, as half a sentence.
    pub evidence: String,
}

/// Where EC2 answers questions about an instance.
const METADATA: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254)), 80);
/// An instance answers within milliseconds; from a container the answer may never come.
const PATIENCE: Duration = Duration::from_millis(500);
/// No answer of the metadata service that is of use is longer.
const LONGEST: usize = 4096;

impl Machine {
    /// This machine, with `lookup` in place of the process's environment: `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_EXECUTION_ENV`,
    /// `AWS_LAMBDA_FUNCTION_NAME`, and `AWS_EC2_METADATA_DISABLED=true`, with which the hardware is not looked at.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let disabled =
            lookup("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Self {
            named: lookup("AWS_REGION")
                .or_else(|| lookup("AWS_DEFAULT_REGION"))
                .filter(|name| is_region(name)),
            runtime: lookup("AWS_EXECUTION_ENV").or_else(|| lookup("AWS_LAMBDA_FUNCTION_NAME")),
            is_amazons: !disabled && has_amazons_hardware(),
            metadata: Some(METADATA),
        }
    }

    /// A machine of Amazon's whose metadata service answers there, or nowhere: for tests.
    #[must_use]
    pub fn amazons(mut self, metadata: Option<SocketAddr>) -> Self {
        (self.is_amazons, self.metadata) = (true, metadata);
        self
    }

    /// Where it is. Asks the metadata service where there may be one, for a second at most.
    pub async fn whereabouts(&self) -> Whereabouts {
        let found = |in_aws, region: Option<&str>, evidence: String| Whereabouts {
            in_aws,
            region: region.map(str::to_owned),
            evidence,
        };
        let named = self.named.as_deref();
        if let (Some(runtime), Some(region)) = (&self.runtime, named) {
            let runtime: String = runtime.chars().filter(|c| !c.is_control()).take(40).collect();
            return found(true, Some(region), format!("AWS_REGION, set by {runtime}"));
        }
        if !self.is_amazons {
            return match named {
                Some(region) => {
                    let alone = format!("AWS_REGION says {region}, but the machine is not one of AWS's");
                    found(false, None, alone)
                }
                None => found(false, None, "nothing says that the machine is in AWS".to_owned()),
            };
        }
        if let Some(address) = self.metadata
            && let Some(region) = metadata_region(address).await
        {
            return found(true, Some(&region), "the instance metadata".to_owned());
        }
        match named {
            Some(region) => found(true, Some(region), "AWS_REGION, on a machine of AWS".to_owned()),
            None => found(true, None, "a machine of AWS that does not tell its region".to_owned()),
        }
    }
}

/// What the firmware says on EC2: the system's vendor, or on old instances the hypervisor's id.
fn has_amazons_hardware() -> bool {
    let says = |path: &str, start: &str| {
        std::fs::read_to_string(path).is_ok_and(|text| text.trim().to_lowercase().starts_with(start))
    };
    says("/sys/class/dmi/id/sys_vendor", "amazon ec2") || says("/sys/hypervisor/uuid", "ec2")
}

fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (3..=32).contains(&text.len()) && text.bytes().all(plain)
}

/// The region as the instance metadata service has it: with a session token (version 2), or without where that is refused.
async fn metadata_region(address: SocketAddr) -> Option<String> {
    let put = "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
    let (status, token) = asked(address, put).await?;
    let token = token.trim().to_owned();
    let is_token = status == 200 && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let header = if is_token { format!("X-aws-ec2-metadata-token: {token}\r\n") } else { String::new() };
    let get = format!("GET /latest/meta-data/placement/region HTTP/1.0\r\n{header}");
    let (status, region) = asked(address, &get).await?;
    (status == 200 && is_region(region.trim())).then(|| region.trim().to_owned())
}

/// One exchange; `None` unless it is over in time.
async fn asked(address: SocketAddr, head: &str) -> Option<(u16, String)> {
    let request = format!("{head}Host: {}\r\nConnection: close\r\n\r\n", address.ip());
    let answer = tokio::time::timeout(PATIENCE, exchange(address, request.as_bytes())).await.ok()?.ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    Some((status, body.to_owned()))
}

async fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let stream = TcpStream::connect(address).await?;
    let mut sent = 0;
    while sent < request.len() {
        stream.writable().await?;
        match stream.try_write(&request[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut answer = Vec::new();
    let mut block = [0; 1024];
    while answer.len() < LONGEST {
        stream.readable().await?;
        match stream.try_read(&mut block) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&block[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    fn machine(variables: &'static [(&str, &str)]) -> Machine {
        let known = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Machine {
            is_amazons: false,
            ..Machine::from_variables(|name| known(name).map(|(_, value)| (*value).to_owned()))
        }
    }

    /// A metadata service that answers like EC2's, and gives a region only to its own token.
    fn metadata_service(region: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let lines = BufReader::new(client.try_clone().unwrap()).lines().map_while(Result::ok);
                let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let known = lines.iter().any(|line| line == "X-aws-ec2-metadata-token: AQAE-token==");
                let (status, body) = match lines[0].split(' ').next().unwrap() {
                    "PUT" => ("200 OK", "AQAE-token=="),
                    _ if known && lines[0].contains("/placement/region") => ("200 OK", region),
                    _ => ("401 Unauthorized", ""),
                };
                let _ = write!(client, "HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        address
    }

    #[tokio::test]
    async fn a_region_is_believed_only_with_evidence() {
        let place = |machine: Machine| async move {
            let found = machine.whereabouts().await;
            (found.in_aws, found.region)
        };
        let west = Some("us-west-2".to_owned());
        assert_eq!(place(machine(&[])).await, (false, None));
        // On a laptop it is a habit.
        assert_eq!(place(machine(&[("AWS_REGION", "us-west-2")])).await, (false, None));
        let lambda = machine(&[("AWS_REGION", "us-west-2"), ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13")]);
        assert_eq!(place(lambda).await, (true, west.clone()));
        let instance = machine(&[("AWS_REGION", "us-east-1")]).amazons(Some(metadata_service("us-west-2")));
        assert_eq!(place(instance).await, (true, west.clone()));
        let odd = machine(&[]).amazons(Some(metadata_service("<html>")));
        assert_eq!(place(odd).await, (true, None));
        let hub = machine(&[("AWS_DEFAULT_REGION", "us-west-2")]).amazons(None);
        assert_eq!(place(hub).await, (true, west));
    }

    #[tokio::test]
    async fn a_metadata_service_that_says_nothing_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let machine = machine(&[]).amazons(Some(silent.local_addr().unwrap()));
        // Far more than it takes, and far less than for ever.
        let found = tokio::time::timeout(Duration::from_secs(20), machine.whereabouts()).await;
        assert_eq!(found.unwrap().region, None);
    }
}
