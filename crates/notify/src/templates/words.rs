//! Severities and hazards as people call them, in the languages that there are templates in.

use crisislens_model::{HazardType, Severity};

/// The languages, in the order of the words below.
const LANGUAGES: [&str; 4] = ["en", "es", "hi", "mr"];

fn of(words: [&'static str; LANGUAGES.len()], language: &str) -> &'static str {
    let place = LANGUAGES.iter().position(|one| *one == language).unwrap_or_default();
    words.get(place).copied().unwrap_or_default()
}

/// How a line of an exercise begins.
pub fn exercise_prefix(language: &str) -> &'static str {
    of(["EXERCISE: ", "SIMULACRO: ", "अभ्यास: ", "सराव: "], language)
}

/// What stands above a message of an exercise.
pub fn exercise_banner(language: &str) -> (&'static str, &'static str) {
    let loud = ["This is an exercise.", "Esto es un simulacro.", "यह एक अभ्यास है।", "हा एक सराव आहे."];
    let more = [
        "Nothing below is happening now.",
        "Nada de lo que sigue está ocurriendo.",
        "नीचे लिखी कोई भी बात अभी नहीं हो रही है।",
        "खाली लिहिलेले काहीही आत्ता घडत नाही.",
    ];
    (of(loud, language), of(more, language))
}

/// What stands above a test.
pub fn test_banner(language: &str) -> (&'static str, &'static str) {
    let loud = [
        "This is a test message.",
        "Este es un mensaje de prueba.",
        "यह एक परीक्षण संदेश है।",
        "हा एक चाचणी संदेश आहे.",
    ];
    let more = [
        "Nothing below has happened. Do nothing that it asks for.",
        "Nada de lo que sigue ha ocurrido. No haga nada de lo que pide.",
        "नीचे लिखी कोई भी बात नहीं हुई है। इसमें जो कहा गया है वह न करें।",
        "खाली लिहिलेले काहीही घडलेले नाही. यात सांगितलेले काहीही करू नका.",
    ];
    (of(loud, language), of(more, language))
}

/// A severity in a shipped language.
pub fn severity(severity: Severity, language: &str) -> &'static str {
    let words = match severity {
        Severity::Low => ["low", "baja", "कम", "कमी"],
        Severity::Medium => ["medium", "media", "मध्यम", "मध्यम"],
        Severity::High => ["high", "alta", "उच्च", "उच्च"],
        Severity::Critical => ["critical", "crítica", "अत्यंत गंभीर", "अतिगंभीर"],
    };
    of(words, language)
}

/// A hazard in a shipped language.
pub fn hazard(hazard: HazardType, language: &str) -> &'static str {
    let words = match hazard {
        HazardType::Earthquake => ["earthquake", "terremoto", "भूकंप", "भूकंप"],
        HazardType::Tsunami => ["tsunami", "tsunami", "सुनामी", "त्सुनामी"],
        HazardType::Flood => ["flood", "inundación", "बाढ़", "पूर"],
        HazardType::TropicalCyclone => ["tropical cyclone", "ciclón tropical", "चक्रवात", "चक्रीवादळ"],
        HazardType::Storm => ["storm", "tormenta", "आँधी-तूफ़ान", "वादळ"],
        HazardType::Tornado => ["tornado", "tornado", "बवंडर", "टॉर्नेडो"],
        HazardType::Winter => ["winter weather", "temporal de invierno", "कड़ाके की ठंड", "कडाक्याची थंडी"],
        HazardType::Heat => ["extreme heat", "calor extremo", "भीषण गर्मी", "उष्णतेची लाट"],
        HazardType::Drought => ["drought", "sequía", "सूखा", "दुष्काळ"],
        HazardType::Wildfire => ["wildfire", "incendio forestal", "जंगल की आग", "वणवा"],
        HazardType::Volcano => ["volcanic activity", "actividad volcánica", "ज्वालामुखी", "ज्वालामुखी"],
        HazardType::Landslide => ["landslide", "deslizamiento de tierra", "भूस्खलन", "भूस्खलन"],
        HazardType::Epidemic => ["outbreak", "brote de enfermedad", "रोग का प्रकोप", "रोगाचा उद्रेक"],
        HazardType::Technological => {
            ["technological accident", "accidente tecnológico", "औद्योगिक दुर्घटना", "औद्योगिक दुर्घटना"]
        }
        HazardType::Transport => {
            ["transport accident", "accidente de transporte", "परिवहन दुर्घटना", "वाहतूक अपघात"]
        }
        HazardType::Violence => ["violence", "violencia", "हिंसा", "हिंसाचार"],
        HazardType::Other => ["other", "otro", "अन्य", "इतर"],
        HazardType::None => ["not known", "desconocido", "अज्ञात", "अज्ञात"],
    };
    of(words, language)
}
