use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::tests::item;
use super::*;
use crate::http::{HttpOptions, RetryPolicy};

/// A request as the server saw it: header lines in lower case, then the body.
#[derive(Debug, Clone)]
struct Asked {
    head: Vec<String>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What the server answers: status, headers, body.
type Answer = (u16, Vec<(&'static str, String)>, String);

/// In place of a status: the connection stays open, and nothing comes.
const SILENCE: u16 = 0;

/// A catalogue on the loopback that answers as `answer` says, given how many requests came before.
fn catalogue(
    answer: impl Fn(usize, &Asked) -> Answer + Send + 'static,
) -> (Catalogue, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    std::thread::spawn(move || {
        let mut unanswered = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let asked = read_request(&mut BufReader::new(stream.try_clone().unwrap()));
            let place = seen.lock().unwrap().len();
            seen.lock().unwrap().push(asked.clone());
            let (status, headers, body) = answer(place, &asked);
            if status == SILENCE {
                unanswered.push(stream);
                continue;
            }
            let headers: String =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    let retry = RetryPolicy { tries: 3, base: Duration::from_millis(1), ..RetryPolicy::default() };
    let answer_timeout = Duration::from_secs(1);
    let options = HttpOptions { allow_http_loopback: true, retry, answer_timeout, ..HttpOptions::default() };
    let http = Http::new(options).unwrap();
    (Catalogue::new(http, &SafeUrl::parse(&address).unwrap()).unwrap(), log)
}

fn read_request(reader: &mut impl BufRead) -> Asked {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.trim().split_once(": ").map_or((line.trim(), ""), |pair| pair);
        head.push(format!("{}: {value}", name.to_lowercase()));
    }
    let mut asked = Asked { head, body: String::new() };
    let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.body = String::from_utf8(body).unwrap();
    asked
}

/// A page of granules named by numbers, each with its own concept id.
fn page(numbers: std::ops::Range<usize>, hits: usize, after: Option<&str>) -> Answer {
    let of = |number: usize| {
        let mut item = item(&format!("G{number:04}"), "2025-11-22T02:46:52Z");
        item["meta"]["concept-id"] = format!("G{number}-ASF").into();
        item
    };
    let items: Vec<_> = numbers.map(of).collect();
    let mut headers = vec![("CMR-Hits", hits.to_string())];
    headers.extend(after.map(|after| ("CMR-Search-After", after.to_owned())));
    (200, headers, serde_json::json!({"hits": hits, "took": 1, "items": items}).to_string())
}

fn query() -> Query {
    Query::new().dataset("NISAR").processing_level("GCOV")
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let (catalogue, log) = catalogue(|place, _| match place {
        0 => page(0..3, 7, Some("[1, \"a\"]")),
        1 => page(3..6, 7, Some("[2, \"b\"]")),
        _ => page(6..7, 7, None),
    });
    let found = catalogue.search(&query()).await.unwrap();
    assert_eq!((found.granules.len(), found.hits, found.odd.len()), (7, 7, 0));
    assert_eq!(found.granules[0].name, "G0006");
    let log = log.lock().unwrap();
    let after: Vec<_> = log.iter().map(|asked| asked.header("cmr-search-after")).collect();
    assert_eq!(after, [None, Some("[1, \"a\"]"), Some("[2, \"b\"]")]);
    assert!(log[0].head[0].starts_with("post /search/granules.umm_json"), "{:?}", log[0].head);
    assert_eq!(log[0].header("client-id"), Some(CLIENT_ID));
    assert_eq!(log[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(log.iter().all(|asked| asked.header("authorization").is_none()));
    assert!(log[0].body.contains("attribute%5B%5D=string%2CPRODUCT_TYPE%2CGCOV"), "{}", log[0].body);
}

#[tokio::test]
async fn only_as_many_as_wanted_are_fetched() {
    let (catalogue, log) =
        catalogue(|place, _| page(place * 2..place * 2 + 2, 100, Some(&place.to_string())));
    let found = catalogue.search(&query().max_results(2)).await.unwrap();
    assert_eq!((found.granules.len(), found.hits), (2, 100));
    assert_eq!(found.notices, ["the catalogue has 100 granules; these are the newest 2"]);
    assert_eq!(log.lock().unwrap().len(), 1);
    assert!(log.lock().unwrap()[0].body.contains("page_size=2&"));
}

#[tokio::test]
async fn sub_queries_are_joined_without_repeats() {
    let (catalogue, log) = catalogue(|_, asked| match asked.body.contains("PRODUCT_TYPE%2CGSLC") {
        true => page(2..5, 3, None),
        false => page(0..3, 3, None),
    });
    let found = catalogue.search(&query().processing_level("GSLC")).await.unwrap();
    let names: Vec<&str> = found.granules.iter().map(|granule| granule.name.as_str()).collect();
    assert_eq!(names, ["G0004", "G0003", "G0002", "G0001", "G0000"]);
    assert_eq!((found.hits, log.lock().unwrap().len()), (6, 2));
}

#[tokio::test]
async fn an_incomplete_answer_is_an_error_unless_allowed() {
    let late = |name: &'static str| {
        move |_: usize, _: &Asked| {
            let (status, mut headers, body) = page(0..3, 3, None);
            headers.push((name, "true".to_owned()));
            (status, headers, body)
        }
    };
    let short = |_: usize, _: &Asked| page(0..3, 7, None);
    let servers = [
        catalogue(late("CMR-Timed-Out")).0,
        catalogue(late("CMR-Time-Out")).0,
        catalogue(short).0,
        catalogue(|place, _| if place == 0 { page(0..3, 7, Some("x")) } else { page(0..0, 7, Some("y")) }).0,
    ];
    for catalogue in servers {
        let error = catalogue.search(&query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
        assert!(error.to_string().contains('3'), "{error:?}");
    }
    let found = catalogue(short).0.search(&query().allow_partial(true)).await.unwrap();
    assert_eq!(found.granules.len(), 3);
    assert_eq!(found.notices, ["the catalogue sent 3 of 7 granules"]);
}

#[tokio::test]
async fn lies_of_a_catalogue_end_in_errors() {
    let same = catalogue(|_, _| page(0..2, 100, Some("same"))).0;
    assert!(same.search(&query()).await.unwrap_err().to_string().contains("twice"));
    let more = catalogue(|_, _| page(0..9, 100, Some("x"))).0;
    assert!(more.search(&query().max_results(3)).await.unwrap_err().to_string().contains("9 granules"));
    let endless = catalogue(|place, _| page(place..place + 1, usize::MAX, Some(&place.to_string()))).0;
    assert_eq!(endless.search(&query()).await.unwrap_err().kind(), ErrorKind::Limit);
}

#[tokio::test]
async fn refusals_keep_the_catalogues_own_words() {
    let says = |status: u16, kind: &'static str, body: &'static str| {
        catalogue(move |_, _| (status, vec![("content-type", kind.to_owned())], body.to_owned())).0
    };
    let cases = [
        (
            says(400, "application/json", r#"{"errors":["Parameter [foo] was not recognized."]}"#),
            ErrorKind::Usage,
            "[foo]",
        ),
        (
            says(401, "application/json", r#"{"errors":["Token does not exist"]}"#),
            ErrorKind::Service,
            "Token",
        ),
        (says(503, "text/html", "<html>down</html>"), ErrorKind::Service, "503"),
        (says(200, "text/html", "<html>log in</html>"), ErrorKind::Service, "web page"),
        (says(200, "application/json", "{\"items\": [{\"me"), ErrorKind::Service, "EOF"),
        (says(302, "text/plain", ""), ErrorKind::Service, "redirect"),
        (says(404, "text/plain", ""), ErrorKind::NotFound, "404"),
    ];
    for (catalogue, kind, word) in cases {
        let error = catalogue.search(&query()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(format!("{error:?}").contains(word), "{error:?}");
    }
}

#[tokio::test]
async fn a_busy_catalogue_is_asked_again() {
    let (catalogue, log) = catalogue(|place, _| match place {
        0 => (429, vec![("retry-after", "0".to_owned())], String::new()),
        1 => (503, vec![("content-type", "text/html".to_owned())], "<html>".to_owned()),
        _ => page(0..1, 1, None),
    });
    assert_eq!(catalogue.search(&query()).await.unwrap().granules.len(), 1);
    assert_eq!(log.lock().unwrap().len(), 3);
}

/// A proxy's or a login's page says nothing about the catalogue: it may be gone at the next try.
#[tokio::test]
async fn a_web_page_in_place_of_an_answer_is_asked_again() {
    let html = || (200, vec![("content-type", " Text/HTML;charset=utf-8".to_owned())], "<html>".to_owned());
    let (catalogue, log) = catalogue(move |place, _| if place == 0 { html() } else { page(0..1, 1, None) });
    assert_eq!(catalogue.search(&query()).await.unwrap().granules.len(), 1);
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_catalogue_that_says_nothing_is_asked_again() {
    let silent = || (SILENCE, Vec::new(), String::new());
    let (catalogue, log) = catalogue(move |place, _| if place == 0 { silent() } else { page(0..1, 1, None) });
    assert_eq!(catalogue.search(&query()).await.unwrap().granules.len(), 1);
    assert_eq!(log.lock().unwrap().len(), 2);
}

/// An answer of collections, each with attributes (name, kind).
fn collections(all: &[(&str, &[(&str, &str)])]) -> Answer {
    let of = |(name, attributes): &(&str, &[(&str, &str)])| {
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(name, kind)| serde_json::json!({"Name": name, "DataType": kind, "Description": "what it is"}))
            .collect();
        serde_json::json!({"meta": {}, "umm": {"ShortName": name, "AdditionalAttributes": attributes}})
    };
    let items: Vec<_> = all.iter().map(of).collect();
    (200, Vec::new(), serde_json::json!({"hits": items.len(), "items": items}).to_string())
}

#[tokio::test]
async fn attributes_of_several_collections_are_told_once() {
    let (catalogue, log) = catalogue(|_, _| {
        collections(&[
            ("A", &[("TRACK_NUMBER", "INT"), ("PRODUCT_TYPE", "STRING"), ("", "STRING")]),
            ("B", &[("TRACK_NUMBER", "FLOAT")]),
            ("C", &[]),
        ])
    });
    let found = catalogue.searchable_attributes(&query()).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.data_type.as_str(), one.collections.join("+")))
        .collect();
    assert_eq!(told, [("PRODUCT_TYPE", "STRING", "A".to_owned()), ("TRACK_NUMBER", "INT", "A+B".to_owned())]);
    assert_eq!(found[0].description, "what it is");
    let asked = log.lock().unwrap()[0].clone();
    assert!(asked.head[0].starts_with("post /search/collections.umm_json"), "{:?}", asked.head);
    // Of all the collections of NISAR, those that can hold GCOV.
    assert_eq!(asked.body.matches("short_name%5B%5D=").count(), 6, "{}", asked.body);
    assert!(asked.body.contains("=NISAR_L2_GCOV_BETA_V1&") && asked.body.ends_with("page_size=2000"));
    let alone = Query::new().collections("C3622214170-ASF");
    catalogue.searchable_attributes(&alone).await.unwrap();
    assert!(log.lock().unwrap()[1].body.starts_with("concept_id%5B%5D=C3622214170-ASF&page_size"));
    let by_type = Query::new().processing_level("GCOV");
    catalogue.searchable_attributes(&by_type).await.unwrap();
    assert_eq!(log.lock().unwrap()[2].body, asked.body);
}

#[tokio::test]
async fn attributes_of_what_is_not_there_are_errors() {
    let none = catalogue(|_, _| collections(&[])).0;
    let odd = catalogue(|_, _| (200, Vec::new(), "{\"items\":7}".to_owned())).0;
    let refused = catalogue(|_, _| (400, Vec::new(), r#"{"errors":["no such"]}"#.to_owned())).0;
    let named = Query::new().short_name("X");
    assert_eq!(none.searchable_attributes(&named).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(odd.searchable_attributes(&named).await.unwrap_err().kind(), ErrorKind::Service);
    assert_eq!(refused.searchable_attributes(&named).await.unwrap_err().kind(), ErrorKind::Usage);
    let about_none = Query::new().relative_orbit(172);
    assert_eq!(none.searchable_attributes(&about_none).await.unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(
        none.searchable_attributes(&Query::new().dataset("x")).await.unwrap_err().kind(),
        ErrorKind::Usage
    );
}

#[tokio::test]
async fn the_newest_ephemeris_of_each_kind_is_found() {
    let (catalogue, log) = catalogue(|_, asked| {
        let kind = EPHEMERIDES
            .into_iter()
            .find(|kind| asked.body.contains(&format!("PRODUCT_TYPE%2C{kind}&")))
            .unwrap();
        if kind == "NOE" {
            return page(0..0, 0, None);
        }
        let mut item = item(&format!("NISAR_{kind}"), "2025-11-22T02:46:52Z");
        item["meta"]["concept-id"] = format!("G-{kind}").into();
        item["umm"]["AdditionalAttributes"] = serde_json::json!([{"Name": "PRODUCT_TYPE", "Values": [kind]}]);
        (200, vec![("cmr-hits", "5".to_owned())], serde_json::json!({"hits": 5, "items": [item]}).to_string())
    });
    let asked_for =
        Query::new().start("2025-11-01").dataset("SENTINEL-1").processing_level("SLC").max_results(9);
    let found = catalogue.orbit_ephemerides(&asked_for).await.unwrap();
    let kinds: Vec<_> = found.granules.iter().map(|one| one.product.as_deref().unwrap()).collect();
    assert_eq!((kinds, found.hits), (vec!["POE", "MOE", "FOE"], 15));
    assert_eq!(found.notices, ["the catalogue has no orbit ephemeris of the kind NOE"]);
    assert_eq!(found.into_latest().granules.len(), 3);
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 4);
    for one in log.iter() {
        assert!(one.body.starts_with("shortName=NISAR_OE&temporal=2025-11-01T00%3A00%3A00Z"), "{}", one.body);
        assert!(one.body.contains("page_size=1&") && one.body.contains("sort_key%5B%5D=-end_date"));
    }
}

#[tokio::test]
async fn nothing_is_sent_for_what_cannot_match_or_is_wrong() {
    let (catalogue, log) = catalogue(|_, _| page(0..0, 0, None));
    let none = Query::new().short_name("NISAR_L2_GCOV_BETA_V1").data_maturity("VALIDATED");
    let found = catalogue.search(&none).await.unwrap();
    assert_eq!((found.granules.len(), found.notices.len()), (0, 1));
    assert!(catalogue.search(&query().flight_direction("up")).await.is_err());
    assert_eq!(log.lock().unwrap().len(), 0);
}

#[test]
fn an_address_may_have_a_path_of_its_own() {
    let http = Http::new(HttpOptions::default()).unwrap();
    let at = |text: &str| {
        Catalogue::new(http.clone(), &SafeUrl::parse(text).unwrap())
            .map(|catalogue| catalogue.granules.to_string())
    };
    assert_eq!(at("https://h.example").unwrap(), "https://h.example/search/granules.umm_json");
    assert_eq!(at("https://h.example/cmr/").unwrap(), "https://h.example/cmr/search/granules.umm_json");
    assert!(at("data:text/plain,x").is_err());
}

#[tokio::test]
async fn counting_fetches_nothing() {
    let (catalogue, log) = catalogue(|_, asked| {
        assert!(asked.body.contains("page_size=0&"), "{}", asked.body);
        page(0..0, 321, None)
    });
    let one = catalogue.count(&query().max_results(5)).await.unwrap();
    assert_eq!((one.hits, one.notices.len()), (321, 0));
    let two = catalogue.count(&query().processing_level("GSLC")).await.unwrap();
    assert_eq!((two.hits, two.notices.len(), log.lock().unwrap().len()), (642, 1, 3));
    let none = catalogue.search(&query().max_results(0)).await.unwrap();
    assert_eq!((none.granules.len(), none.hits), (0, 321));
}

#[tokio::test]
async fn pages_come_one_by_one_and_each_granule_once() {
    let (catalogue, log) = catalogue(|_, asked| {
        match (asked.body.contains("PRODUCT_TYPE%2CGSLC"), asked.header("cmr-search-after")) {
            (false, None) => page(0..2, 4, Some("[1]")),
            (false, _) => page(2..4, 4, None),
            (true, _) => page(3..6, 3, None),
        }
    });
    let mut pages = catalogue.pages(&query().processing_level("GSLC"));
    let mut names = Vec::new();
    let mut asked = Vec::new();
    while let Some(page) = pages.next().await {
        names.push(page.unwrap().granules.into_iter().map(|one| one.name).collect::<Vec<_>>());
        asked.push(log.lock().unwrap().len());
    }
    let sorted = |names: &[String]| names.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    let expected = [vec!["G0000", "G0001"], vec!["G0002", "G0003"], vec!["G0004", "G0005"]];
    assert_eq!(names.len(), 3);
    for (names, expected) in names.iter().zip(expected) {
        assert_eq!(sorted(names), expected.into_iter().map(str::to_owned).collect());
    }
    // No page is asked for before it is wanted.
    assert_eq!(asked, [1, 2, 3]);
    let wanted = catalogue.pages(&query().max_results(3)).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(wanted.iter().map(|page| page.granules.len()).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn a_stream_that_ends_early_says_so() {
    let (catalogue, _) = catalogue(|_, _| page(0..2, 9, None));
    let pages: Vec<_> = catalogue.pages(&query()).collect().await;
    assert_eq!(pages.len(), 2);
    let error = pages[1].as_ref().unwrap_err();
    assert!(error.to_string().contains("2 of 9"), "{error:?}");
    let pages: Vec<_> = catalogue.pages(&query().allow_partial(true)).collect().await;
    assert!(pages[1].as_ref().unwrap().notices[0].contains("2 of 9"));
    let wrong: Vec<_> = catalogue.pages(&Query::new().dataset("x")).collect().await;
    assert!(wrong.len() == 1 && wrong[0].as_ref().unwrap_err().kind() == ErrorKind::Usage);
}
