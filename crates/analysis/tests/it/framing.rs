//! Drills, fiction and figures of speech, and what only looks like them.

use crisislens_analysis::incident::{self, Decision};
use crisislens_analysis::{Framing, work};
use crisislens_model::{HazardType, RiskLevel, Severity, SourceKind, Stated};

use crate::make::{ANALYZER, analyze, item, official, post, raw};

/// As what a post is said.
fn framing(text: &str) -> Option<Framing> {
    ANALYZER.framing(&post(text)).map(|framed| framed.framing)
}

const DRILLS: [&str; 38] = [
    "DRILL DRILL DRILL flood in Porto, 40 dead",
    "This is only a test: flood in Porto, 40 dead",
    "Flood in Porto, 40 dead. This is only an exercise.",
    "EXERCISE: earthquake in Lima, 200 dead",
    "[EXERCISE] Earthquake in Lima, 200 dead",
    "Earthquake in Lima, 200 dead (drill)",
    "Earthquake in Lima, 200 dead #exercise",
    "Mock drill: tsunami hits Chennai, 300 dead",
    "TEST. Tornado in Dallas, 12 dead. TEST.",
    "Simulacro: inundación en Valencia, 40 muertos",
    "Esto es solo un simulacro. Terremoto en Lima, 200 muertos",
    "Es un ejercicio: inundación en Valencia, 40 muertos",
    "Ejercicio de evacuación: inundación en Valencia, 40 muertos",
    "Esercitazione: alluvione a Bologna, 40 morti",
    "Alluvione a Bologna, 40 morti. È solo un'esercitazione.",
    "ÜBUNG: Hochwasser in Köln, 40 Tote",
    "Hochwasser in Köln, 40 Tote. Das ist nur eine Übung!",
    "Exercice: inondation à Nice, 40 morts",
    "Inondation à Nice, 40 morts. Ceci est un exercice.",
    "Simulado de enchente em Recife: 40 mortos",
    "Enchente em Recife, 40 mortos. É apenas um simulado",
    "मॉक ड्रिल: पटना में बाढ़, 40 की मौत",
    "अभ्यास: पटना में बाढ़, 40 की मौत",
    "पटना में बाढ़, 40 की मौत। यह केवल अभ्यास है",
    "सराव: पुण्यात पूर, 40 ठार",
    "Tatbikat: İzmir'de deprem, 40 ölü",
    "İzmir'de deprem, 40 ölü. Bu bir tatbikattır.",
    "訓練 訓練 東京で地震、40人死亡",
    "これは訓練です。東京で地震、40人死亡",
    "演习：成都地震，40人死亡",
    "Latihan: banjir di Jakarta, 40 tewas",
    "Banjir di Jakarta, 40 tewas. Ini hanya latihan.",
    "هذا تمرين: زلزال في القاهرة، 40 قتيلا",
    "Учения: наводнение в Орске, 40 погибших",
    "ΑΣΚΗΣΗ: σεισμός στην Αθήνα, 40 νεκροί",
    "훈련: 부산 홍수, 40명 사망",
    "Oefening: overstroming in Maastricht, 40 doden",
    "Flood drill in Porto, 40 dead and 100 missing",
];

const FICTION: [&str; 14] = [
    "In the movie an earthquake hits Los Angeles, 3000 dead",
    "Watching the film: tsunami hits Miami, thousands dead",
    "That disaster movie: volcano buries Naples, 500 dead",
    "My novel: flood in Venice, 40 dead in the first chapter",
    "A novel about an earthquake in Lisbon, 200 dead",
    "New video game: wildfire in California kills 90",
    "A book about the flood of Lyon, 40 dead",
    "En la película un terremoto en Lima deja 200 muertos",
    "Dans le film, une inondation à Nice fait 40 morts",
    "Nel film un terremoto a Bologna fa 40 morti",
    "Im Film zerstört ein Erdbeben Köln, 40 Tote",
    "No filme uma enchente em Recife mata 40",
    "फिल्म में पटना की बाढ़ में 40 की मौत",
    "映画の中で東京に地震、40人死亡",
];

const FIGURES: [&str; 16] = [
    "What an earthquake of a match in Madrid, 3 dead tired defenders",
    "A flood of tears in Porto tonight",
    "Flood of messages for the mayor of Lyon",
    "A tsunami of votes in Lima",
    "tsunami of support from Chennai",
    "Storm of applause in Vienna",
    "Fire sale in Dallas, everything must go",
    "Landslide victory in Lagos, 40 seats",
    "Won by a landslide in Ohio",
    "Terremoto político en Madrid",
    "Séisme politique à Paris",
    "Pioggia di critiche a Roma, diluvio di applausi",
    "Erdrutschsieg in Bayern, Flut von Nachrichten",
    "Tsunami de votos em Recife",
    "पटना में वोटों की सुनामी",
    "Banjir pesan di Jakarta",
];

/// What happens, whatever words stand beside it.
const EARNEST: [&str; 75] = [
    "This is NOT a drill. Flood in Porto, 40 dead",
    "This is not a test! Earthquake in Lima, 200 dead",
    "Oil drill rig explosion off Lagos, 40 dead",
    "Explosion on a drill ship off Recife, 12 dead",
    "Earthquake in Mexico City hours after the drill, 200 dead",
    "No es un simulacro: inundación en Valencia, 40 muertos",
    "Sismo en Ciudad de México horas después del simulacro, 200 muertos",
    "Non è un'esercitazione: alluvione a Bologna, 40 morti",
    "Keine Übung! Hochwasser in Köln, 40 Tote",
    "Ceci n'est pas un exercice: inondation à Nice, 40 morts",
    "Não é um simulado! Enchente em Recife, 40 mortos",
    "यह अभ्यास नहीं है: पटना में बाढ़, 40 की मौत",
    "Tatbikat değil! İzmir'de deprem, 40 ölü",
    "訓練ではありません。東京で地震、40人死亡",
    "Bukan latihan! Banjir di Jakarta, 40 tewas",
    "Exercise caution: flood in Porto, 40 dead",
    "Exercise extreme caution near the river in Porto, flooding, 3 dead",
    "Tested positive for cholera in Lagos, epidemic, 40 dead",
    "Flood in Porto, it looks like a scene from a disaster movie, 40 dead",
    "It feels like a movie. Earthquake in Lima, 200 dead",
    "Como en una película: terremoto en Lima, 200 muertos",
    "Wie im Film: Hochwasser in Köln, 40 Tote",
    "Novel coronavirus epidemic in Wuhan, 40 dead",
    "Fire in a movie theatre in Lagos, 40 dead",
    "Film crew caught in a landslide near Lima, 3 dead",
    "Tornado hits the trailer park in Dallas, 12 dead",
    "Stadium collapses during the game in Lagos, 40 dead",
    "Flood of the river in Porto, 40 dead",
    "Landslide buries a village near Lima, 40 dead",
    "Storm of the century hits Recife, 12 dead",
    "Fire in a warehouse in Dallas, 3 dead",
    "RPG attack in Lagos, 12 dead",
    "La serie de sismos en Lima deja 3 muertos",
    "Earthquake drills helped, says the mayor of Lima: 3 dead in the quake",
    "Tsunami hits Chennai during a tsunami drill, 300 dead",
    "Explosion at a base in Lagos during a training exercise, 12 killed",
    "They told us it was only a drill but the fire in Dallas was real, 3 dead",
    "We were in the movie when the earthquake hit Lima, 200 dead",
    "Estábamos en la película cuando el terremoto sacudió Lima, 200 muertos",
    "Estaba viendo una película y hubo un terremoto en Lima, 200 muertos",
    "Flood in Porto, 40 dead. One of them wrote a novel about an earthquake",
    "12 lives lost in a landslide near Lima, 12 dead",
    "Fire in Dallas, she is on fire, 3 dead",
    "This is not an evacuation drill. Wildfire in Paradise, 3 dead",
    "This is not a tsunami drill! Tsunami hits Chennai, 40 dead",
    "This is NOT a TSUNAMI DRILL. Flood in Porto, 40 dead",
    "Das ist keine Evakuierungsübung! Hochwasser in Köln, 40 Tote",
    "Kein Testalarm! Hochwasser in Köln, 40 Tote",
    "Geen testalarm! Overstroming in Maastricht, 40 doden",
    "No es solo un simulacro. Terremoto en Lima, 200 muertos",
    "Non è solo un'esercitazione! Alluvione a Bologna, 40 morti",
    "Não é só um simulado! Enchente em Recife, 40 mortos",
    "Bukan hanya latihan! Banjir di Jakarta, 40 tewas",
    "这不是地震演练！成都地震，40人死亡",
    "Bei Übung Explosion in Köln, 3 Soldaten tot",
    "Un exercice militaire vire au drame, explosion à Nice, 5 morts",
    "Durante esercitazione esplosione, 3 morti a Bologna",
    "School drill interrupted by real earthquake in Lima, 200 dead",
    "昨天刚做过地震演练，今天成都真的地震了，40人死亡",
    "避難訓練をした翌日に東京で地震、40人死亡",
    "I felt like I was in a movie. Earthquake in Lima, 93 dead",
    "The flood in Porto was like watching a disaster movie, 40 dead",
    "The earthquake felt like being in a movie, 40 dead in Lima",
    "Das Hochwasser in Köln sah aus wie aus einem Katastrophenfilm, 133 Tote",
    "La inundación de Valencia parece ciencia ficción, 200 muertos",
    "L'alluvione di Bologna sembra fantascienza, 15 morti",
    "Flood in Porto: coast hit by storm, 40 killed",
    "Residents of Dallas weather the storm in shelters, 3 dead in the flood",
    "7,000 dead in the quake in Turkey. This is a test for humanity.",
    "It felt like only a drill, then the tsunami hit Chennai, 300 dead",
    "This is only a test? No: Carlisle flood kills 14",
    "Altro che esercitazione: alluvione a Faenza, 8 morti",
    "Nix Übung! Hochwasser in Köln, 8 Tote",
    "¿Simulacro? No: inundación real en Valencia, España, 8 muertos",
    "Dicevano che era un'esercitazione antincendio. Era un incendio: 8 morti a Milano",
];

#[test]
fn a_drill_in_any_language_is_small_says_why_and_makes_no_incident() {
    for text in DRILLS {
        assert_eq!(framing(text), Some(Framing::Drill), "{text}");
        let found = analyze(&post(text));
        assert_eq!((found.severity, found.risk_level), (Severity::Low, RiskLevel::Low), "{text}");
        assert!(found.severity_why.starts_with("It says that it is a drill"), "{}", found.severity_why);
        assert!(found.risk_parts.iter().any(|part| part.why.contains("a drill or a test (“")), "{text}");
        assert!(found.relevance.is_none_or(|relevance| !relevance.informative), "{text}");
        assert_eq!(incident::decide(&item(post(text)), &[]), Decision::Stay, "{text}");
        assert!(ANALYZER.statements(&post(text), &found).claims.is_empty(), "{text}");
    }
}

#[test]
fn what_happens_in_a_film_a_game_or_a_book_is_small_and_says_why() {
    for text in FICTION {
        assert_eq!(framing(text), Some(Framing::Fiction), "{text}");
        let found = analyze(&post(text));
        assert_eq!((found.severity, found.risk_level), (Severity::Low, RiskLevel::Low), "{text}");
        assert!(found.severity_why.starts_with("It speaks of a film, a game or a book"), "{text}");
        assert_eq!(incident::decide(&item(post(text)), &[]), Decision::Stay, "{text}");
    }
}

#[test]
fn a_hazards_word_in_a_figure_of_speech_names_no_hazard() {
    for text in FIGURES {
        assert_eq!(framing(text), Some(Framing::Figurative), "{text}");
        let found = analyze(&post(text));
        assert_eq!(found.hazard.kind, HazardType::None, "{text}: {:?}", found.hazard);
        assert!(found.hazard.why[0].starts_with("It uses a hazard's word in another sense"), "{text}");
        assert_eq!(found.risk_level, RiskLevel::Low, "{text}");
        assert!(found.relevance.is_none_or(|relevance| !relevance.informative), "{text}");
    }
    // Beside it something may happen all the same.
    let both = analyze(&post("Flood of messages after the earthquake in Lima, 200 dead"));
    assert_eq!((both.hazard.kind, both.severity), (HazardType::Earthquake, Severity::Critical));
}

#[test]
fn what_only_looks_so_counts_in_full() {
    for text in EARNEST {
        assert_eq!(framing(text), None, "{text}: {:?}", ANALYZER.framing(&post(text)));
        let found = analyze(&post(text));
        assert!(
            found.hazard.kind.is_some() && !found.hazard.why.iter().any(|why| why.starts_with("It ")),
            "{text}"
        );
        // Numbers of dead are not read in every language.
        let is_read = text.is_ascii() && !["Bukan", "Geen"].iter().any(|word| text.starts_with(word));
        assert!(
            !is_read || found.severity >= Severity::High,
            "{text}: {} {:?}",
            found.severity_why,
            found.hazard
        );
    }
}

#[test]
fn a_drill_that_is_denied_or_told_of_is_none_in_languages_without_words_of_hazards_too() {
    for text in [
        "대피훈련이 아닙니다. 부산 홍수, 40명 사망",
        "훈련 중 헬기 추락, 3명 사망",
        "طائرة تدريب تتحطم ومقتل 2",
    ] {
        assert_eq!(framing(text), None, "{text}: {:?}", ANALYZER.framing(&post(text)));
    }
}

#[test]
fn an_article_that_speaks_of_a_film_further_down_tells_what_happens() {
    let lead = "Flood in Porto, 40 dead. ".to_owned();
    let rest = "The river rose during the night and people went to the roofs of their houses. ".repeat(3);
    for end in ["A flood like in the novel about the flood, says the mayor.", "This is a drill."] {
        assert_eq!(framing(&format!("{lead}{rest}{end}")), None, "{end}");
    }
    assert_eq!(framing(&format!("{lead}This is a drill. {rest}")), Some(Framing::Drill));
}

#[test]
fn the_exercise_flag_is_not_set_by_words_and_authorities_say_what_is() {
    let drill = item(post(DRILLS[0]));
    assert!(!drill.exercise && drill.hazard.kind == HazardType::Flood, "it is there, under its hazard");
    let stated =
        Stated { hazard: Some(HazardType::Flood), severity: Some(Severity::Critical), ..Stated::default() };
    let text = "This is a test of the sirens. In the movie a flood in Porto, 40 dead";
    let said = official(text, stated.clone());
    let found = analyze(&said);
    assert_eq!((found.hazard.kind, found.severity), (HazardType::Flood, Severity::Critical));
    assert_eq!(found.hazard.confidence, 1.0);
    assert!(ANALYZER.framing(&said).is_none());
    // Within an exercise of ours what is called a drill is what is exercised.
    let exercised = crisislens_model::RawItem { exercise: true, ..post(DRILLS[0]) };
    assert_eq!((ANALYZER.framing(&exercised), analyze(&exercised).severity), (None, Severity::Critical));
    // What a newspaper states of a drill is a drill.
    let media = crisislens_model::RawItem { stated: Some(stated), ..raw(SourceKind::Media, DRILLS[0]) };
    assert_eq!(analyze(&media).severity, Severity::Low);
}

#[test]
fn a_headline_counts_and_so_does_what_people_put_right() {
    let titled =
        crisislens_model::RawItem { title: Some("EXERCISE".to_owned()), ..post("Flood in Porto, 40 dead") };
    assert_eq!(ANALYZER.framing(&titled).map(|framed| framed.framing), Some(Framing::Drill));
    let to = crisislens_model::ItemCorrection {
        hazard: Some(HazardType::Flood),
        severity: Some(Severity::Critical),
        ..Default::default()
    };
    let found = ANALYZER.analyze_corrected(&post(DRILLS[0]), &to);
    assert_eq!((found.severity, found.hazard.confidence), (Severity::Critical, 1.0));
}

#[test]
fn a_text_made_of_such_words_costs_no_more_than_its_length() {
    let cost = |text: &str| work::of(|| analyze(&post(text))).1;
    for word in ["drill ", "not a drill ", "flood of tears ", "訓練", "#drill", "in the movie "] {
        let (short, long) = (cost(&word.repeat(200)), cost(&word.repeat(800)));
        assert!(long < short.max(1) * 8, "{word}: {short} → {long}");
    }
}
