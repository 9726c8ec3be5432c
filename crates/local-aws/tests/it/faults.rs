//! Injected faults.

use local_aws::{Fault, Faults};

use crate::cloud::{Cloud, TRUST, code, zip};

#[tokio::test]
async fn an_armed_fault_applies_to_one_request() {
    let cloud = Cloud::start().await;
    let iam = cloud.iam();
    let create = || iam.create_role().role_name("r").assume_role_policy_document(TRUST).send();

    cloud.server.fail_next("CreateRole", Fault::Throttle);
    cloud.server.fail_next("CreateRole", Fault::Error500);
    cloud.server.fail_next("CreateRole", Fault::DropBeforeEffect);
    cloud.server.fail_next("CreateRole", Fault::DropAfterEffect);
    assert_eq!(code(create().await), "Throttling");
    assert_eq!(code(create().await), "InternalFailure");
    let lost = create().await.unwrap_err();
    assert!(lost.as_service_error().is_none(), "{lost:?}");
    assert_eq!(code(iam.get_role().role_name("r").send().await), "NoSuchEntity");
    let lost = create().await.unwrap_err();
    assert!(lost.as_service_error().is_none(), "{lost:?}");
    iam.get_role().role_name("r").send().await.unwrap();
    assert_eq!(code(create().await), "EntityAlreadyExists");
}

#[tokio::test]
async fn requests_are_recorded() {
    let cloud = Cloud::start().await;
    cloud.role("r").await;
    cloud.server.clear_requests();
    let _ = cloud.iam().get_role().role_name("absent").send().await;
    cloud.iam().delete_role().role_name("r").send().await.unwrap();
    let seen = cloud.server.requests();
    let seen: Vec<_> =
        seen.iter().map(|r| (r.operation.as_str(), r.write, r.status, r.error_code.as_deref())).collect();
    assert_eq!(seen, [("GetRole", false, 404, Some("NoSuchEntity")), ("DeleteRole", true, 200, None)]);
}

#[tokio::test]
async fn documented_rates_throttle() {
    let cloud = Cloud::start_with(|options| options.faults.throttle = true).await;
    let gateway = cloud.gateway();
    gateway.create_rest_api().name("a").send().await.unwrap();
    assert_eq!(code(gateway.create_rest_api().name("a").send().await), "TooManyRequestsException");
}

#[tokio::test]
async fn a_new_role_cannot_be_assumed_at_once() {
    let slow = Faults { role_propagation_ms: 600, ..Faults::default() };
    let cloud = Cloud::start_with(|options| options.faults = slow).await;
    let role = cloud.role("r").await;
    let lambda = cloud.lambda();
    let create = || {
        let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(zip("bootstrap", "x").into()).build();
        lambda
            .create_function()
            .function_name("f")
            .role(&role)
            .runtime("provided.al2023".into())
            .handler("bootstrap")
            .code(code)
            .send()
    };
    let error = create().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_value_exception(), "{error:?}");
    assert!(
        error.to_string().contains("cannot be assumed by Lambda") || format!("{error:?}").contains("cannot be assumed")
    );
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    create().await.unwrap();
}
