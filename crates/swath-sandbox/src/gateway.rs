//! The gateway in front of the data ("thin egress app"): who may have what, and where it lies.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::archive::PRODUCTS;
use crate::credentials::{Use, issue};
use crate::login::opinion;
use crate::range::{Selected, select};
use crate::reply::{
    Reply, add_header, decode_path, encode, header, json, page, query_value, redirect, reply,
};
use crate::signed;
use crate::state::{State, now};
use crate::token::{CLIENT_ID, Purpose, read, sign};

/// A bucket behind the gateway, and who may read it.
pub(crate) struct Route {
    pub(crate) prefix: &'static str,
    pub(crate) bucket: &'static str,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Anyone,
    LoggedIn,
    /// Members of a group that nobody here is in.
    Project,
}

/// The first segment of the gateway's paths, and the bucket it stands for.
pub(crate) const ROUTES: [Route; 4] = [
    Route { prefix: "NISAR", bucket: PRODUCTS, access: Access::LoggedIn },
    Route { prefix: "BROWSE", bucket: "sds-n-cumulus-prod-nisar-browse", access: Access::LoggedIn },
    Route {
        prefix: "NISAR-SAMPLE-DATA",
        bucket: "sds-n-cumulus-prod-nisar-sample-data",
        access: Access::Anyone,
    },
    Route {
        prefix: "NISAR-JPL-PRIVATE-DATA",
        bucket: "sds-n-cumulus-prod-nisar-jpl-private-data",
        access: Access::Project,
    },
];

/// Answers one request to the gateway.
pub(crate) fn answer(state: &State, request: &Request<Bytes>) -> Reply {
    let get = request.method() == Method::GET;
    match request.uri().path() {
        "/s3credentials" if get => s3_credentials(state, request),
        "/login" if get => login(state, request),
        "/locate" if get => locate(request),
        "/version" if get => json(StatusCode::OK, &json!({"version_id": "sandbox"})),
        "/" | "/s3credentialsREADME" | "/logout" if get => page(StatusCode::OK, "Sandbox gateway", "Welcome"),
        _ if get || request.method() == Method::HEAD => data(state, request),
        _ => json(StatusCode::METHOD_NOT_ALLOWED, &json!({"message": "Method Not Allowed"})),
    }
}

/// Someone let in: the user, and the cookie to give if there was none.
struct Visitor {
    user: String,
    cookie: Option<String>,
}

/// Lets a request in by cookie or bearer token, or says what to answer instead.
fn visitor(state: &State, request: &Request<Bytes>) -> Result<Visitor, Box<Reply>> {
    if let Some(user) = cookie_user(state, request) {
        return Ok(Visitor { user, cookie: None });
    }
    let Some(text) = request.headers().get("authorization") else {
        return Err(Box::new(to_login(state, request)));
    };
    // Bytes that are no text cannot name a scheme either.
    let mut words = text.to_str().unwrap_or_default().split_whitespace();
    let (Some(scheme), Some(token)) = (words.next(), words.next()) else {
        return Err(Box::new(malformed(request)));
    };
    let shaped = || read(&state.secret, Purpose::Bearer, token).is_some();
    if !scheme.eq_ignore_ascii_case("bearer") || !shaped() {
        // The gateway cannot read it, so it sends the client to log in; only Earthdata Login's
        // own refusal is a 401.
        return Err(Box::new(to_login(state, request)));
    }
    let (status, body) = opinion(state, token);
    if status != StatusCode::OK {
        return Err(Box::new(refused(request, status, &body)));
    }
    let user = body["uid"].as_str().unwrap_or_default().to_owned();
    let cookie = Some(session_cookie(state, &user));
    Ok(Visitor { user, cookie })
}

fn is_browser(request: &Request<Bytes>) -> bool {
    header(request.headers(), "user-agent").is_some_and(|agent| agent.starts_with("Mozilla"))
}

fn malformed(request: &Request<Bytes>) -> Reply {
    let text = "Malformed Authorization header";
    if is_browser(request) {
        return page(StatusCode::BAD_REQUEST, "Bad Request", text);
    }
    json(StatusCode::BAD_REQUEST, &json!({"status_code": 400, "error_description": text}))
}

fn refused(request: &Request<Bytes>, status: StatusCode, body: &Value) -> Reply {
    if is_browser(request) {
        let title = body["error_description"].as_str().unwrap_or("Unknown Error");
        return page(status, title, &body.to_string());
    }
    json(status, body)
}

fn to_login(state: &State, request: &Request<Bytes>) -> Reply {
    let (login, gateway) = (&state.origins.login, &state.origins.gateway);
    let path = encode(request.uri().path(), "");
    let mut url = format!(
        "{login}/oauth/authorize?client_id={CLIENT_ID}&response_type=code&redirect_uri={gateway}/login&state={path}"
    );
    if !is_browser(request) {
        url.push_str("&app_type=401");
    }
    redirect(StatusCode::FOUND, &url)
}

fn cookie_user(state: &State, request: &Request<Bytes>) -> Option<String> {
    let cookies = header(request.headers(), "cookie")?;
    let token = cookies.split(';').find_map(|pair| pair.trim().strip_prefix("asf-urs="))?;
    let cookie = read(&state.secret, Purpose::Cookie, token).filter(|cookie| cookie.good)?;
    cookie.claims["urs-user-id"].as_str().map(String::from)
}

/// The `Set-Cookie` value of a session: a day long, and as bulky as the real one, which holds
/// the access token.
fn session_cookie(state: &State, user: &str) -> String {
    let expires = now() + 86_400;
    let claims = json!({
        "urs-user-id": user, "urs-groups": [], "urs-access-token": "x".repeat(600), "iat": now(), "exp": expires,
    });
    let time = jiff::Timestamp::from_second(expires).unwrap_or(jiff::Timestamp::MAX);
    let date = time.strftime("%a, %d %b %Y %H:%M:%S GMT");
    format!("asf-urs={}; Expires={date}; Path=/", sign(&state.secret, Purpose::Cookie, &claims))
}

/// The route of a data path and the key behind it; nothing if no bucket is there.
fn route(path: &str) -> Option<(&'static Route, String)> {
    let path = decode_path(path)?;
    let (prefix, key) = path.trim_start_matches('/').split_once('/')?;
    Some((ROUTES.iter().find(|route| route.prefix == prefix)?, key.to_owned()))
}

fn data(state: &State, request: &Request<Bytes>) -> Reply {
    let missing = || page(StatusCode::NOT_FOUND, "File not found", "File not found");
    let Some((route, key)) = route(request.uri().path()) else {
        return missing();
    };
    let object = state.archive.object(route.bucket, &key);
    if request.method() == Method::HEAD {
        // The real gateway's HEAD asks for no login, and its URL is good for HEAD alone.
        return match object {
            Some(_) => redirect(StatusCode::SEE_OTHER, &signed::url(state, route.bucket, &key, "HEAD", "")),
            None => missing(),
        };
    }
    if key.is_empty() || key.ends_with('/') {
        let text = "Request does not appear to be valid.";
        return page(StatusCode::NOT_FOUND, "Request Not Serviceable", text);
    }
    let visitor = match (route.access, visitor(state, request)) {
        (Access::Anyone, _) => Visitor { user: "None".to_owned(), cookie: None },
        (_, Ok(visitor)) => visitor,
        (_, Err(refusal)) => return *refusal,
    };
    if route.access == Access::Project {
        let text = "This data is not currently available.";
        return page(StatusCode::FORBIDDEN, "Could not access data", text);
    }
    let Some(object) = object else {
        return page(StatusCode::NOT_FOUND, "Data Not Available", "Could not find requested data.");
    };
    let range = header(request.headers(), "range");
    if select(range, object.length()) == Selected::Unsatisfiable {
        return reply(StatusCode::RANGE_NOT_SATISFIABLE, "text/plain", "Invalid Range");
    }
    to_data(state, &signed::url(state, route.bucket, &key, "GET", &visitor.user), &visitor, range)
}

fn to_data(state: &State, url: &str, visitor: &Visitor, range: Option<&str>) -> Reply {
    let mut reply = redirect(StatusCode::SEE_OTHER, url);
    let age = state.options.signed_url_lifetime().as_secs().saturating_sub(60);
    add_header(&mut reply, "cache-control", &format!("private, max-age={age}"));
    if let Some(cookie) = &visitor.cookie {
        add_header(&mut reply, "set-cookie", cookie);
    }
    if let Some(range) = range {
        add_header(&mut reply, "range", range);
    }
    reply
}

fn s3_credentials(state: &State, request: &Request<Bytes>) -> Reply {
    let visitor = match visitor(state, request) {
        Ok(visitor) => visitor,
        Err(refusal) => return *refusal,
    };
    let open = ROUTES.iter().filter(|route| route.access != Access::Project);
    let allow = open.map(|route| format!("{}/", route.bucket)).collect();
    let seconds = i64::try_from(state.options.credentials_lifetime().as_secs()).unwrap_or(i64::MAX);
    let mut reply = json(StatusCode::OK, &issue(state, Use::User, allow, seconds).to_json());
    if let Some(cookie) = &visitor.cookie {
        add_header(&mut reply, "set-cookie", cookie);
    }
    reply
}

/// The end of the login round: the code of Earthdata Login becomes a cookie.
fn login(state: &State, request: &Request<Bytes>) -> Reply {
    let refusal = |text| page(StatusCode::BAD_REQUEST, "Could Not Login", text);
    let Some(code) = query_value(request.uri().query(), "code") else {
        return refusal("Did not get the required CODE from URS");
    };
    let Some(read) = read(&state.secret, Purpose::Code, &code).filter(|read| read.good) else {
        return refusal("There was a problem talking to URS Login");
    };
    let target = query_value(request.uri().query(), "state").unwrap_or_else(|| "/".to_owned());
    // Only a path of this origin: the gateway must not lend its name to redirects elsewhere.
    let path = format!("/{}", target.trim_start_matches('/'));
    let mut reply = redirect(StatusCode::MOVED_PERMANENTLY, &format!("{}{path}", state.origins.gateway));
    let cookie = session_cookie(state, read.claims["uid"].as_str().unwrap_or_default());
    add_header(&mut reply, "set-cookie", &cookie);
    reply
}

fn locate(request: &Request<Bytes>) -> Reply {
    let Some(bucket) = query_value(request.uri().query(), "bucket_name") else {
        let text = "Required \"bucket_name\" query parameter not specified";
        return reply(StatusCode::BAD_REQUEST, "text/plain", text);
    };
    match ROUTES.iter().find(|route| route.bucket == bucket) {
        Some(route) => json(StatusCode::OK, &json!([route.prefix])),
        None => reply(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            format!("No route defined for {bucket}"),
        ),
    }
}
