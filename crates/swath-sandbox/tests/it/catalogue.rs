//! The catalogue over the wire: paging, formats, refusals. What each parameter selects is tested
//! beside the code.

use serde_json::Value;
use swath_sandbox::Service;

use crate::client::{GRANULE, Lab, header, json};

/// The form that asf_search 14.1.0 sends for the cookbook's query, its short names cut to three.
const COOKBOOK: &str = "attribute%5B%5D=string%2CASCENDING_DESCENDING%2CASCENDING&shortName=ASF_ECMWF_SMST&\
    shortName=NISAR_L2_GCOV_BETA_V1&shortName=NISAR_UR_L2&attribute%5B%5D=string%2CPRODUCTION_PIPELINE%2CPR&\
    bounding_box=40.9131%2C12.3904%2C41.8891%2C13.2454&temporal=2025-11-22T00%3A00%3A00Z%2C2026-03-05T00%3A00%3A00Z%2C&\
    attribute%5B%5D=string%2CPRODUCT_TYPE%2CGCOV&page_size=250&options%5Btemporal%5D%5Band%5D=true&\
    sort_key%5B%5D=-end_date&sort_key%5B%5D=granule_ur&options%5Bplatform%5D%5Bignore_case%5D=true&provider=ASF";

fn names(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["umm"]["GranuleUR"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_cookbook_finds_seven() {
    let lab = Lab::new().await;
    let url = lab.url(Service::Cmr, "/search/granules.umm_json");
    let request =
        lab.client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(COOKBOOK);
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(header(&reply, "cmr-hits").unwrap(), "7");
    let kind = header(&reply, "content-type").unwrap();
    assert!(kind.starts_with("application/vnd.nasa.cmr.umm_results+json"), "{kind}");
    let body = json(reply).await;
    assert_eq!(body["hits"], 7);
    let found = names(&body);
    assert_eq!(found.len(), 7);
    assert!(found[0].contains("20260109T024620"), "newest first");
    assert!(found[5].contains("X05007") && found[6].contains("X05009"), "then by name");

    let get = lab.client.get(format!("{url}?{COOKBOOK}")).send().await.unwrap();
    assert_eq!(json(get).await["items"], body["items"]);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let lab = Lab::new().await;
    let form = [
        ("provider", "ASF"),
        ("page_size", "3"),
        ("sort_key[]", "-start_date"),
        ("sort_key[]", "granule_ur"),
    ];
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..10 {
        let reply = lab.search_after(&form, after.as_deref()).await;
        assert_eq!(header(&reply, "cmr-hits").unwrap(), "7");
        after = header(&reply, "cmr-search-after");
        let body = json(reply).await;
        sizes.push(names(&body).len());
        found.extend(names(&body).into_iter().map(String::from));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1, 0], "the header is absent after an empty page alone");
    let all = json(lab.search(&[("provider", "ASF"), form[2], form[3]]).await).await;
    assert_eq!(found, names(&all));

    let second =
        json(lab.search(&[("provider", "ASF"), form[1], form[2], form[3], ("page_num", "2")]).await).await;
    assert_eq!(names(&second), found[3..6]);
    let offset =
        json(lab.search(&[("provider", "ASF"), form[1], form[2], form[3], ("offset", "5")]).await).await;
    assert_eq!(names(&offset), found[5..]);
    let none = json(lab.search(&[("provider", "ASF"), ("page_size", "0")]).await).await;
    assert_eq!((none["hits"].as_u64(), names(&none).len()), (Some(7), 0));
}

#[tokio::test]
async fn items_have_the_shape_of_real_ones() {
    let lab = Lab::new().await;
    let body = json(lab.search(&[("granule_ur[]", GRANULE), ("provider", "ASF")]).await).await;
    let item = &body["items"][0];
    assert_eq!(item["meta"]["collection-concept-id"], "C3622214170-ASF");
    assert_eq!(item["meta"]["native-id"], GRANULE);
    let umm = &item["umm"];
    assert_eq!(umm["CollectionReference"]["ShortName"], "NISAR_L2_GCOV_BETA_V1");
    assert_eq!(umm["TemporalExtent"]["RangeDateTime"]["BeginningDateTime"], "2025-11-22T02:46:18Z");
    assert_eq!(umm["OrbitCalculatedSpatialDomains"][0]["OrbitNumber"], 1655);
    assert_eq!(umm["DataGranule"]["Identifiers"][1]["Identifier"], "X05009");
    let files = umm["DataGranule"]["ArchiveAndDistributionInformation"].as_array().unwrap();
    assert_eq!(files[0]["SizeInBytes"], crate::client::bytes().len());
    assert_eq!(files.len(), 2, "what is on disk");
    let points =
        umm["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"][0]["Boundary"]["Points"]
            .as_array()
            .unwrap();
    assert_eq!(points.len(), 5);
    assert_eq!(points[0], points[4]);
    let urls = umm["RelatedUrls"].as_array().unwrap();
    assert_eq!(urls.len(), 27);
    let of = |suffix: &str| urls.iter().filter(|url| url["URL"].as_str().unwrap().ends_with(suffix)).count();
    assert_eq!((of("_QA_STATS.h5"), of(".png"), of("/s3credentials"), of("001.h5")), (2, 4, 1, 2));
    let value = |name: &str| {
        let list = umm["AdditionalAttributes"].as_array().unwrap();
        list.iter().find(|entry| entry["Name"] == name).map(|entry| entry["Values"].clone())
    };
    assert_eq!(value("FRAME_NUMBER").unwrap(), serde_json::json!(["8"]));
    assert_eq!(value("FREQUENCY_A_POLARIZATION_CONCAT").unwrap(), serde_json::json!(["HH+HV"]));
    assert_eq!(value("RANGE_BANDWIDTH_CONCAT").unwrap(), serde_json::json!(["20+5"]));
}

#[tokio::test]
async fn refusals_are_cmrs_own() {
    let lab = Lab::new().await;
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&[("foo", "1")], "Parameter [foo] was not recognized."),
        (&[("page_size", "2001")], "page_size must be a number between 0 and 2000"),
        (&[("attribute", "string,A,B")], "'attribute' is not a valid parameter. You must use 'attribute[]'."),
        (&[("sort_key", "colour")], "The sort key [colour] is not a valid field for sorting granules."),
        (
            &[("bounding_box", "1,2,3,4")],
            "The CMR does not allow querying across granules in all collections",
        ),
        (&[("provider", "ASF"), ("polygon", "0,0,0,1,1,1,0,0")], "listed in the wrong order"),
        (&[("provider", "ASF"), ("polygon", "0,0,1,0,1,1,0,1")], "Polygon boundary was not closed"),
        (&[("provider", "ASF"), ("point", "200,0")], "Point longitude [200] must be within -180.0 and 180.0"),
        (&[("provider", "ASF"), ("temporal", "yesterday,")], "[yesterday] is not a valid datetime."),
    ];
    for (form, expected) in cases {
        let reply = lab.search(form).await;
        assert_eq!(reply.status(), 400, "{form:?}");
        let body = json(reply).await;
        let text = body["errors"][0].as_str().unwrap();
        assert!(text.contains(expected), "{form:?}: {text}");
    }
    let both = json(lab.search(&[("foo", "1"), ("bar", "2")]).await).await;
    assert_eq!(both["errors"].as_array().unwrap().len(), 2);
    let odd = lab.search_after(&[("provider", "ASF")], Some("not json")).await;
    assert_eq!(odd.status(), 400);
}

#[tokio::test]
async fn a_bad_token_is_refused_and_a_good_one_is_not() {
    let lab = Lab::new().await;
    let url = lab.url(Service::Cmr, "/search/granules.umm_json?provider=ASF");
    for token in ["abc".to_owned(), lab.sandbox.token("labuser", -5)] {
        let reply = lab.client.get(&url).bearer_auth(token).send().await.unwrap();
        assert_eq!(reply.status(), 401);
        assert_eq!(json(reply).await["errors"][0], "Token does not exist");
    }
    let good = lab.client.get(&url).bearer_auth(lab.sandbox.token("labuser", 60)).send().await.unwrap();
    assert_eq!(good.status(), 200);
}

#[tokio::test]
async fn other_methods_types_and_paths_are_refused() {
    let lab = Lab::new().await;
    let url = lab.url(Service::Cmr, "/search/granules.umm_json");
    assert_eq!(lab.client.delete(&url).send().await.unwrap().status(), 405);
    let text = lab.client.post(&url).header("content-type", "text/plain").body("provider=ASF");
    assert_eq!(text.send().await.unwrap().status(), 415);
    assert_eq!(lab.get(Service::Cmr, "/search/collections").await.status(), 404);
    assert_eq!(lab.get(Service::Cmr, "/search/health").await.status(), 200);
}
