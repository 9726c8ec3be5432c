//! The function's package is built while everything else is created.

use super::*;

/// The calls that wait for the function.
const AFTER: [&str; 3] = ["CreateFunction", "GetFunctionConfiguration", "AddPermission"];

#[tokio::test]
async fn only_the_function_waits_for_its_package() {
    let cloud = Cloud::start().await;
    let plan = cloud.plan().await;
    let desired = cloud.desired();
    let unpackaged = Desired::new(&cloud.config, &cloud.id, None).unwrap();
    let packaging = async {
        while !cloud.writes().iter().any(|operation| operation == "CreateStage") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(!cloud.writes().iter().any(|operation| AFTER.contains(&operation.as_str())));
        Ok(desired.function.code.clone())
    };
    let events = Events::silent();
    let applied = crate::engine::apply(cloud.context(&events), &unpackaged, &plan, packaging).await.unwrap();
    assert_eq!(applied.code, desired.function.code);
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn without_a_package_the_rest_is_created_and_the_next_run_continues() {
    let cloud = Cloud::start().await;
    let plan = cloud.plan().await;
    let packaging = async { Err(anyhow::anyhow!("the compiler said no")) };
    let events = Events::silent();
    let error = crate::engine::apply(cloud.context(&events), &cloud.desired(), &plan, packaging).await.unwrap_err();
    assert_eq!(error.to_string(), "the compiler said no");
    let left = changed(&cloud.plan().await);
    assert_eq!(left, [(ResourceKind::Function, Action::Create), (ResourceKind::Permission, Action::Create)]);
    cloud.up().await.unwrap();
    assert!(cloud.plan().await.is_noop());
}
