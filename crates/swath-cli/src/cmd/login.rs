//! `swath login`, `swath status`, `swath logout`: the token of Earthdata Login.

use std::io::{IsTerminal, Read};

use serde_json::json;
use swath::{ErrorKind, LoginStatus, Password, Session, SessionOptions, Token};

use crate::args::LoginArgs;
use crate::failure::{Failure, printable};
use crate::output::Output;

/// Finds a token or asks for one, tries it, and keeps it.
pub(super) async fn login(args: &LoginArgs, options: SessionOptions, output: Output) -> Result<(), Failure> {
    let options = match given(args, &options).await? {
        Some(token) => options.with_token(token),
        None => options,
    };
    let session = Session::new(options)?;
    let status = session.login_status().await?;
    if !args.no_check {
        session.check_login().await?;
    }
    let kept = session.keep_login().await?;
    if output.json {
        return output.line(&json!({
            "user": status.user,
            "source": status.source.to_string(),
            "expires": status.expiry.map(|expiry| expiry.to_string()),
            "kept": kept,
            "checked": !args.no_check,
        }));
    }
    output.data(&format!("{}; kept in {}", sentence(&status), kept.display()))
}

/// The token that the options ask for: of a user and password, or typed; `None` when the environment gives one.
async fn given(args: &LoginArgs, options: &SessionOptions) -> Result<Option<Token>, Failure> {
    if args.token_stdin {
        let mut text = String::new();
        std::io::stdin().lock().take(64 << 10).read_to_string(&mut text)?;
        return Ok(Some(Token::parse(&text)?));
    }
    let Some(user) = &args.username else { return Ok(None) };
    let password = match std::env::var("EARTHDATA_PASSWORD") {
        Ok(password) => password,
        Err(_) if std::io::stdin().is_terminal() => {
            let answer = super::asked_in_secret("Earthdata Login password: ");
            answer.ok_or_else(|| Failure::usage("no password was typed"))?
        }
        Err(_) => {
            return Err(Failure::usage(
                "there is no terminal to ask for the password: set EARTHDATA_PASSWORD",
            ));
        }
    };
    let session = Session::new(options.clone().without_known_logins())?;
    Ok(Some(session.token_of(user, &Password::new(password)).await?))
}

/// Who is logged in, from what, until when.
pub(super) async fn status(session: &Session, check: bool, output: Output) -> Result<(), Failure> {
    let status = session.login_status().await?;
    if output.json {
        output.line(&json!({
            "user": status.user,
            "source": status.source.to_string(),
            "expires": status.expiry.map(|expiry| expiry.to_string()),
            "expired": status.has_expired(),
            "file": status.file,
        }))?;
    } else {
        output.data(&sentence(&status))?;
    }
    if status.has_expired() {
        return Err(Failure::new(
            ErrorKind::Authentication,
            "the Earthdata token has expired: run `swath login`",
        ));
    }
    if check {
        session.check_login().await?;
        output.note("ASF accepts the token");
    }
    Ok(())
}

/// Removes the token that was kept.
pub(super) async fn logout(session: &Session, output: Output) -> Result<(), Failure> {
    let removed = session.logout()?;
    if output.json {
        output.line(&json!({ "removed": removed }))?;
    } else {
        output.data(&match &removed {
            Some(path) => format!("removed {}", path.display()),
            None => "no token was kept".to_owned(),
        })?;
    }
    // Whoever logs out wants to know that there is still a way in.
    if std::env::var_os("EARTHDATA_TOKEN").is_some_and(|token| !token.is_empty()) {
        output.note("EARTHDATA_TOKEN is still set");
    }
    if removed.is_some() {
        output
            .note("the token itself is valid until it expires; revoke it at https://urs.earthdata.nasa.gov");
    }
    Ok(())
}

fn sentence(status: &LoginStatus) -> String {
    let user = status.user.as_deref().map_or_else(String::new, |user| format!(" as {}", printable(user)));
    let expiry = match status.expiry {
        Some(expiry) if status.has_expired() => format!("the token expired at {expiry}"),
        Some(expiry) => format!("the token expires at {expiry}"),
        None => "the token does not say when it expires".to_owned(),
    };
    format!("logged in{user} (token from {}); {expiry}", status.source)
}
