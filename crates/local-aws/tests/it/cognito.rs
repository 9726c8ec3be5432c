//! User pools.

use aws_sdk_cognitoidentityprovider::{
    Client,
    types::{
        DeletionProtectionType, DomainStatusType, OAuthFlowType, ResourceServerScopeType, TimeUnitsType,
        TokenValidityUnitsType, UserPoolMfaType,
    },
};

use crate::cloud::{Cloud, code};

async fn pool(cognito: &Client, name: &str) -> String {
    let made = cognito.create_user_pool().pool_name(name).user_pool_tags("a", "1").send().await.unwrap();
    made.user_pool.unwrap().id.unwrap()
}

fn scope(name: &str) -> ResourceServerScopeType {
    ResourceServerScopeType::builder().scope_name(name).scope_description("read").build().unwrap()
}

#[tokio::test]
async fn a_pool_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let id = pool(&cognito, "p").await;
    assert!(id.starts_with("us-east-1_") && id.len() == 19, "{id}");
    let describe = || async { cognito.describe_user_pool().user_pool_id(&id).send().await.unwrap().user_pool.unwrap() };
    let made = describe().await;
    let arn = made.arn().unwrap();
    assert_eq!(arn, format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{id}"));
    assert_eq!(made.user_pool_tags.as_ref().unwrap()["a"], "1");

    // An update resets what it omits to its default.
    let update = || cognito.update_user_pool().user_pool_id(&id);
    update().deletion_protection(DeletionProtectionType::Active).user_pool_tags("a", "1").send().await.unwrap();
    assert_eq!(code(cognito.delete_user_pool().user_pool_id(&id).send().await), "InvalidParameterException");
    update().mfa_configuration(UserPoolMfaType::Optional).user_pool_tags("b", "2").send().await.unwrap();
    let now = describe().await;
    assert_eq!(now.deletion_protection, Some(DeletionProtectionType::Inactive));
    assert_eq!(now.mfa_configuration, Some(UserPoolMfaType::Optional));
    assert!(!now.user_pool_tags.unwrap().contains_key("a"));

    cognito.tag_resource().resource_arn(arn).tags("c", "3").send().await.unwrap();
    cognito.untag_resource().resource_arn(arn).tag_keys("b").send().await.unwrap();
    let tags = cognito.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags.unwrap();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("c".to_owned(), "3".to_owned())]);

    cognito.admin_create_user().user_pool_id(&id).username("u").send().await.unwrap();
    let again = cognito.admin_create_user().user_pool_id(&id).username("u").send().await;
    assert_eq!(code(again), "UsernameExistsException");
    assert_eq!(describe().await.estimated_number_of_users, 1);
    assert_eq!(cognito.list_users().user_pool_id(&id).limit(1).send().await.unwrap().users().len(), 1);

    cognito.delete_user_pool().user_pool_id(&id).send().await.unwrap();
    let gone = cognito.describe_user_pool().user_pool_id(&id).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn pools_are_listed_in_pages() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    for _ in 0..3 {
        pool(&cognito, "same").await;
    }
    let list = |most| cognito.list_user_pools().max_results(most);
    assert_eq!(code(list(61).send().await), "InvalidParameterException");
    assert_eq!(code(list(0).send().await), "InvalidParameterException");
    let first = list(2).send().await.unwrap();
    let rest = list(2).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!((first.user_pools().len(), rest.user_pools().len(), rest.next_token()), (2, 1, None));
}

#[tokio::test]
async fn a_domain_belongs_to_one_pool_and_prevents_its_deletion() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let (one, two) = (pool(&cognito, "one").await, pool(&cognito, "two").await);
    let create = |prefix: &str, id: &str| cognito.create_user_pool_domain().domain(prefix).user_pool_id(id).send();
    for bad in ["my-aws-app", "amazonas", "Upper", "-x", "cognito1"] {
        assert_eq!(code(create(bad, &one).await), "InvalidParameterException", "{bad}");
    }
    let describe = || async {
        let response = cognito.describe_user_pool_domain().domain("digits").send().await.unwrap();
        response.domain_description.unwrap()
    };
    assert_eq!(describe().await.user_pool_id, None);
    create("digits", &one).await.unwrap();
    assert_eq!(code(create("digits", &two).await), "InvalidParameterException");
    assert_eq!(code(create("another", &one).await), "InvalidParameterException");
    let found = describe().await;
    assert_eq!((found.user_pool_id(), found.status.as_ref()), (Some(one.as_str()), Some(&DomainStatusType::Active)));
    assert_eq!(code(cognito.delete_user_pool().user_pool_id(&one).send().await), "InvalidParameterException");
    let delete = |id: &str| cognito.delete_user_pool_domain().domain("digits").user_pool_id(id).send();
    assert_eq!(code(delete(&two).await), "InvalidParameterException");
    delete(&one).await.unwrap();
    assert_eq!(describe().await.user_pool_id, None);
    cognito.delete_user_pool().user_pool_id(&one).send().await.unwrap();
}

#[tokio::test]
async fn resource_servers_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let id = pool(&cognito, "p").await;
    let create = |identifier: &str, scopes| {
        let request = cognito.create_resource_server().user_pool_id(&id).identifier(identifier).name("API");
        request.set_scopes(Some(scopes)).send()
    };
    create("api", vec![scope("read")]).await.unwrap();
    assert_eq!(code(create("api", vec![]).await), "InvalidParameterException");
    assert_eq!(code(create("a b", vec![]).await), "InvalidParameterException");
    assert_eq!(code(create("api2", vec![scope("a/b")]).await), "InvalidParameterException");
    let update = cognito.update_resource_server().user_pool_id(&id).identifier("api").name("New");
    update.scopes(scope("write")).send().await.unwrap();
    let found = cognito.describe_resource_server().user_pool_id(&id).identifier("api").send().await.unwrap();
    let found = found.resource_server.unwrap();
    assert_eq!((found.name(), found.scopes()[0].scope_name.as_str()), (Some("New"), "write"));
    let list = |most| cognito.list_resource_servers().user_pool_id(&id).max_results(most).send();
    assert_eq!(code(list(51).await), "InvalidParameterException");
    assert_eq!(list(50).await.unwrap().resource_servers.len(), 1);
    cognito.delete_resource_server().user_pool_id(&id).identifier("api").send().await.unwrap();
    let gone = cognito.describe_resource_server().user_pool_id(&id).identifier("api").send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn clients_must_follow_the_rules_of_their_flows() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let id = pool(&cognito, "p").await;
    let create = || {
        cognito
            .create_user_pool_client()
            .user_pool_id(&id)
            .client_name("c")
            .generate_secret(true)
            .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
            .allowed_o_auth_flows_user_pool_client(true)
            .allowed_o_auth_scopes("api/read")
    };
    assert_eq!(code(create().send().await), "ScopeDoesNotExistException");
    let server = cognito.create_resource_server().user_pool_id(&id).identifier("api").name("API");
    server.scopes(scope("read")).send().await.unwrap();
    assert_eq!(code(create().generate_secret(false).send().await), "InvalidOAuthFlowException");
    assert_eq!(code(create().allowed_o_auth_flows(OAuthFlowType::Code).send().await), "InvalidOAuthFlowException");
    assert_eq!(code(create().set_allowed_o_auth_scopes(None).send().await), "InvalidOAuthFlowException");
    let minutes = TokenValidityUnitsType::builder().access_token(TimeUnitsType::Minutes).build();
    let short = create().access_token_validity(4).token_validity_units(minutes.clone()).send().await;
    assert_eq!(code(short), "InvalidParameterException");
    let made = create().access_token_validity(5).token_validity_units(minutes).send().await.unwrap();
    let made = made.user_pool_client.unwrap();
    let (client, secret) = (made.client_id().unwrap(), made.client_secret().unwrap());
    assert_eq!((client.len(), secret.len()), (26, 51));

    // An update resets what it omits to its default, except name and secret.
    let update = cognito.update_user_pool_client().user_pool_id(&id).client_id(client);
    update.allowed_o_auth_flows_user_pool_client(true).send().await.unwrap();
    let describe = || cognito.describe_user_pool_client().user_pool_id(&id).client_id(client).send();
    let now = describe().await.unwrap().user_pool_client.unwrap();
    assert!(now.allowed_o_auth_flows().is_empty() && now.access_token_validity.is_none());
    assert_eq!((now.client_name(), now.client_secret()), (Some("c"), Some(secret)));

    let list = |most| cognito.list_user_pool_clients().user_pool_id(&id).max_results(most).send();
    assert_eq!(code(list(61).await), "InvalidParameterException");
    assert_eq!(list(60).await.unwrap().user_pool_clients().len(), 1);
    cognito.delete_user_pool_client().user_pool_id(&id).client_id(client).send().await.unwrap();
    assert_eq!(code(describe().await), "ResourceNotFoundException");
}
