//! In earnest, in exercises, or in one that people have started: what is said in one of these worlds never meets what is said in
//! another, be it the same recording played twice.

use crisislens_model::ExerciseId;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// In earnest.
    Real,
    /// In exercises that nobody has started, such as a producer's own drill.
    Drill,
    /// In this exercise.
    Exercise(ExerciseId),
}

impl World {
    /// Where something belongs that says so of itself.
    #[must_use]
    pub const fn of(exercise: bool, id: Option<ExerciseId>) -> Self {
        match (exercise, id) {
            (false, _) => Self::Real,
            (true, None) => Self::Drill,
            (true, Some(id)) => Self::Exercise(id),
        }
    }

    /// Whether it is an exercise.
    #[must_use]
    pub const fn is_exercise(self) -> bool {
        !matches!(self, Self::Real)
    }

    /// What turns the keys of an exercise that people have started into others; 0 for the others, whose keys stay good.
    #[must_use]
    pub const fn salt(self) -> u64 {
        match self {
            Self::Real | Self::Drill => 0,
            Self::Exercise(ExerciseId(id)) => {
                let (high, low) = id.as_u64_pair();
                high ^ low.rotate_left(32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_exercises_are_two_worlds_and_reality_is_one() {
        let [one, two] = [ExerciseId::random(), ExerciseId::random()].map(|id| World::of(true, Some(id)));
        assert!(one != two && one.salt() != two.salt() && one.is_exercise());
        assert_eq!(World::of(false, Some(ExerciseId::random())), World::Real);
        assert_eq!([World::Real.salt(), World::of(true, None).salt()], [0, 0]);
    }
}
