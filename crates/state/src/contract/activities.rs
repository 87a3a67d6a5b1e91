//! What people did to resources.

use crisislens_model::{Activity, ActivityKind, EventId, Resource, UserId, id};
use serde_json::json;

use super::{Engine, all_pages, begin, sample};
use crate::activities::StoryOf;

fn activity(n: u64, user: UserId, resource: Resource) -> Activity {
    Activity {
        id: EventId(id::named("activity", &n.to_string())),
        kind: ActivityKind::Edited,
        user,
        name: format!("Anna \u{1F30A} {n}"),
        resource,
        data: json!({ "n": n }),
        at: sample::at(n),
    }
}

/// A resource and a person each have a story; what comes twice is told once.
pub async fn activities_are_told_once_by_resource_and_by_person(engine: &dyn Engine) {
    let store = engine.open().await;
    let (anna, bert) = (sample::user_id(1), sample::user_id(2));
    let [one, other] = [1, 2].map(|n| Resource::Item(sample::item(n).id));
    let all: Vec<Activity> = (0..9)
        .map(|n| activity(n, if n % 2 == 0 { anna } else { bert }, if n % 3 == 0 { one } else { other }))
        .collect();
    for (part, fresh) in [(&all[..5], 5), (&all[3..], 4), (&all[..], 0)] {
        let mut tx = begin(&*store).await;
        assert_eq!(tx.put_activities(part).await.unwrap(), fresh);
        tx.commit().await.unwrap();
    }
    assert_eq!(store.activity(all[7].id).await.unwrap().as_ref(), Some(&all[7]));
    assert_eq!(store.activity(EventId::random()).await.unwrap(), None);
    for (of, numbers) in [
        (StoryOf::Resource(one), vec![6, 3, 0]),
        (StoryOf::Resource(other), vec![8, 7, 5, 4, 2, 1]),
        (StoryOf::User(bert), vec![7, 5, 3, 1]),
        (StoryOf::User(sample::user_id(3)), vec![]),
    ] {
        let total = numbers.len() as u64;
        let told = all_pages(2, total, async |after| store.activities(of, 2, after).await.unwrap()).await;
        let expected: Vec<&Activity> = numbers.iter().map(|n: &usize| &all[*n]).collect();
        assert_eq!(told.iter().collect::<Vec<_>>(), expected);
    }
}
