//! `reqwest`'s client with the middleware, on the wire.

use cloudvault_obs::{Error, LambdaEvent, propagation::HttpMiddleware, testing::Function};
use cloudvault_wire::{Asked, Server};
use http_body_util::Full;
use hyper::{Response, body::Bytes};
use serde_json::{Value, json};

fn answer(asked: &Asked) -> Response<Full<Bytes>> {
    let status = if asked.path.starts_with("/missing") {
        404
    } else {
        200
    };
    let answer = Response::builder().status(status);
    answer.body(Full::from("hi")).expect("a response")
}

#[tokio::test]
async fn a_reqwest_call_is_a_remote_subsegment_and_takes_the_ids_along() {
    let server = Server::start(answer).await;
    let address = server.address;
    let handler = async |_: LambdaEvent<Value>| {
        let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
            .with(HttpMiddleware::new())
            .build();
        let url = format!("http://ann:pw@{address}/missing?token=s#part");
        let status = client.get(url).send().await?.status().as_u16();
        // Nobody listens on port 1.
        let refused = client.get("http://127.0.0.1:1/").send().await.is_err();
        Ok::<_, Error>((status, refused))
    };
    let event = json!({"headers": {"x-correlation-id": "corr-1"}});
    let observed = Function::new().invoke(handler, event).await;
    assert_eq!(*observed.response(), (404, true));

    let calls = observed.segments()[0]["subsegments"]
        .as_array()
        .expect("two");
    let (call, refused) = (&calls[0], &calls[1]);
    assert_eq!(
        (&call["name"], &call["namespace"]),
        (&json!("127.0.0.1"), &json!("remote"))
    );
    let url = format!("http://{address}/missing");
    assert_eq!(
        call["http"]["request"],
        json!({"method": "GET", "url": url})
    );
    assert_eq!(call["http"]["response"]["status"], 404);
    assert_eq!(
        (&call["error"], &refused["fault"]),
        (&json!(true), &json!(true))
    );

    let asked = server.take();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("x-correlation-id"), "corr-1");
    let baggage = asked[0].header("baggage");
    assert!(
        baggage.starts_with("correlation.id=corr-1,correlation.lineage="),
        "{baggage}"
    );
    let parent = format!(";Parent={};", call["id"].as_str().expect("an id"));
    let trace = asked[0].header("x-amzn-trace-id");
    assert!(trace.contains(&parent), "{trace}");
}
