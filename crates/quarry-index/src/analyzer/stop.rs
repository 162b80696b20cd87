//! Stop words: the few words of a language that say nothing about a text's subject, and that tell which language it is.

use std::{collections::HashMap, sync::OnceLock};

use super::{language::Language, scan};

/// Whether `word` (folded) is a stop word of `language`.
pub(super) fn is_stop(word: &str, language: Language) -> bool {
    let Some(place) = LISTS.iter().position(|(code, _)| **code == language.letters()) else { return false };
    table().get(word).is_some_and(|mask| mask & (1 << place) != 0)
}

/// Whether `raw` only makes a sentence a question ("what", "does").
pub(super) fn is_question_word(raw: &str, language: Language) -> bool {
    let Some((_, words)) = QUESTION_WORDS.iter().find(|(code, _)| **code == language.letters()) else {
        return false;
    };
    let lower = raw.to_lowercase();
    words.split_ascii_whitespace().any(|word| word == lower)
}

/// How many stop words of each language a text uses, by place in [`LISTS`].
pub(super) struct Votes(Vec<u32>);

impl Votes {
    pub(super) fn count(text: &str) -> Self {
        let mut counts = vec![0_u32; LISTS.len()];
        let table = voters();
        let mut buffer = String::new();
        scan::pieces(text, |piece| {
            let word = text.get(piece.start..piece.end).unwrap_or_default();
            // Single letters are variables and initials as often as words.
            if word.len() > 16 || word.len() < 2 {
                return;
            }
            let word = super::fold::form(word, &mut buffer);
            let mut mask = table.get(word).copied().unwrap_or(0);
            while mask != 0 {
                if let Some(count) = counts.get_mut(mask.trailing_zeros() as usize) {
                    *count += 1;
                }
                mask &= mask - 1;
            }
        });
        Self(counts)
    }

    /// The language with most, when there are at least `least` and half more than the next language has.
    pub(super) fn winner(&self, least: u32) -> Option<Language> {
        let mut sorted: Vec<(u32, &[u8; 3])> =
            self.0.iter().copied().zip(LISTS.iter().map(|(code, _)| *code)).collect();
        sorted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let [(best, code), (second, _), ..] = sorted.as_slice() else { return None };
        (*best >= least && best * 2 >= second * 3).then(|| Language::of(code))
    }

    /// How many of a language; `None` where its stop words are not known.
    pub(super) fn of(&self, language: Language) -> Option<u32> {
        let place = LISTS.iter().position(|(code, _)| **code == language.letters())?;
        self.0.get(place).copied()
    }
}

/// Each word with the languages (bits, by place in [`LISTS`]) whose stop word it is.
fn table() -> &'static HashMap<&'static str, u32> {
    static TABLE: OnceLock<HashMap<&'static str, u32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = HashMap::new();
        for (place, (_, words)) in LISTS.iter().enumerate() {
            for word in words.split_ascii_whitespace() {
                *table.entry(word).or_insert(0) |= 1 << place;
            }
        }
        table
    })
}

/// The same for telling languages apart: English asks and tells with words that are words elsewhere (`do`, `me`).
fn voters() -> &'static HashMap<&'static str, u32> {
    static VOTERS: OnceLock<HashMap<&'static str, u32>> = OnceLock::new();
    VOTERS.get_or_init(|| {
        let mut voters = table().clone();
        for word in QUESTION_WORDS.first().into_iter().flat_map(|(_, words)| words.split_ascii_whitespace()) {
            *voters.entry(word).or_insert(0) |= 1;
        }
        voters
    })
}

const QUESTION_WORDS: &[(&[u8; 3], &str)] = &[
    (
        b"eng",
        "what how why when where who whom whose which do does did can could should would may might shall am i you me my we our your us please tell what's who's where's how's there's it's many much i'm i've don't doesn't didn't isn't can't won't you're that's let's any some",
    ),
    (
        b"deu",
        "was wie warum wann wo wer wen wem wessen welche welcher welches welchen welchem wieviel viele kann können ich du wir mir uns bitte",
    ),
    (
        b"fra",
        "que quoi qui comment pourquoi quand où quel quelle quels quelles combien est-ce peut je tu nous vous",
    ),
    (b"spa", "qué cómo por cuándo dónde quién quiénes cuál cuáles cuánto cuánta cuántos cuántas puede yo tú"),
    (b"por", "que quê como quando onde quem qual quais quanto quanta quantos quantas pode eu"),
    (b"ita", "che cosa come perché quando dove chi quale quali quanto quanta quanti quante può io"),
    (b"nld", "wat hoe waarom wanneer waar wie welke welk hoeveel kan ik"),
    (b"rus", "что как почему когда где кто кого какой какая какое какие сколько ли можно я"),
    (b"ara", "ما ماذا كيف لماذا متي اين من اي كم هل"),
    (b"hin", "क्या कैसे क्यों कब कहाँ कहां कौन किस किसने किसे कितने कितना कितनी कौनसा"),
    (b"tur", "ne nasıl neden niçin hangi nerede kim kaç mi mı mu mü"),
    (b"pol", "co jak dlaczego kiedy gdzie kto który która które ile czy"),
];

/// Folded stop words. Short on purpose: what is dropped cannot be searched.
const LISTS: &[(&[u8; 3], &str)] = &[
    (
        b"eng",
        "a an and are as at be been but by for from had has have he her his if in into is it its itself no not of on or she so such than that the their them then there these they this those to was were will with which who also",
    ),
    (
        b"deu",
        "der die das den dem des ein eine einer eines einem einen und oder aber ist sind war waren wird werden wurde wurden hat haben hatte in im an am auf aus bei mit nach von vom vor zu zum zur für als auch nicht sich dass daß wie es er sie ihr ihre sein seine durch über um so noch nur",
    ),
    (
        b"fra",
        "le la les l un une des de du d et ou mais est sont était étaient été être a ont avait dans en au aux sur par pour avec sans ce cette ces cet il elle ils elles se sa son ses leur leurs qui que qu ne pas plus n s y c j",
    ),
    (
        b"spa",
        "el la los las un una unos unas de del y o pero es son era eran fue fueron ser ha han había en a al por para con sin sobre este esta estos estas ese esa se su sus que no más como lo le les",
    ),
    (
        b"por",
        "o a os as um uma uns umas de do da dos das e ou mas é são era eram foi foram ser tem em no na nos nas ao à aos às por para com sem sobre este esta estes estas se seu sua seus suas que não mais como pelo pela",
    ),
    (
        b"ita",
        "il lo la i gli le l un uno una di del dello della dei degli delle e o ma è sono era erano fu essere ha hanno in nel nella nei nelle a al alla ai alle da dal dalla per con su sul sulla questo questa si suo sua suoi che non più come",
    ),
    (
        b"nld",
        "de het een van en of maar is zijn was waren werd worden heeft hebben in op aan bij met naar uit voor door over om te ter ten dat die dit deze niet ook als er ze hij zij hun haar",
    ),
    (
        b"swe",
        "och att det som en ett den de är var av för på med i till om inte har hade från vid men eller kan ska sin sitt sina han",
    ),
    (
        b"dan",
        "og at det som en et den de er var af for på med i til om ikke har havde fra ved men eller kan skal sin sit sine han hun blev",
    ),
    (
        b"nob",
        "og å det som en et den de er var av for på med i til om ikke har hadde fra ved men eller kan skal sin sitt sine han hun ble",
    ),
    (
        b"fin",
        "ja on oli ovat että se ne joka jotka ei ole mutta tai kun niin myös hän he sen hänen kuin olla",
    ),
    (
        b"pol",
        "i w we z ze na do od za po o u się jest są był była było były nie to że a ale lub oraz jak jako dla przez przy który która które jego jej ich",
    ),
    (
        b"ces",
        "a v ve s se z ze na do od po o u je jsou byl byla bylo byly není to že ale nebo jako pro při který která které jeho její jejich si",
    ),
    (
        b"ron",
        "și a al ale ai cu de din la în pe pentru prin un o unui unei este sunt era au fost nu că care ce se sau dar mai lui",
    ),
    (b"hun", "a az és egy hogy nem is volt van ez azt mint de vagy meg el csak már kell szerint"),
    (b"tur", "ve bir bu şu o da de ile için olan olarak daha çok en gibi ama veya ki ise değil"),
    (
        b"cat",
        "el la els les un una uns unes de del dels i o però és són era eren va ser ha han en a al als per amb sense que no més com seu seva",
    ),
    (
        b"ind",
        "yang dan di ke dari untuk dengan pada adalah ini itu dalam tidak akan oleh sebagai atau juga telah karena para",
    ),
    (b"vie", "và của là các có được trong cho không một với những này đó đã từ khi về như"),
    (
        b"rus",
        "и в во на с со к ко от до из за по о об у не но а или что как это этот эта эти его её их он она они был была было были быть для при также же бы так то",
    ),
    (
        b"ukr",
        "і й в у на з із до від за по о про не але а або що як це цей ця ці його її їх він вона вони був була було були для при також та",
    ),
    (
        b"bul",
        "и в във на с със към от до из за по не но а или че като това този тази тези той тя те е са беше бяха да се си",
    ),
    (
        b"ell",
        "ο η το οι τα του τησ των τον την ένα μια και ή αλλά είναι ήταν σε στο στη στην στα στουσ στισ από με για να που δεν δε ωσ θα",
    ),
    (
        b"ara",
        "في من علي الي عن مع هذا هذه ذلك تلك التي الذي الذين كان كانت يكون تكون و او ثم ان انه انها لا لم لن ما قد كل بين هو هي هم كما",
    ),
    (b"pes", "و در به از كه اين ان را با است براي تا بر يك هم نيز بود شد شده مي هاي خود او اند"),
    (
        b"hin",
        "का के की को में से पर है हैं था थे थी और या एक यह वह ये वे ने भी तो ही कि जो इस उस इन उन लिए साथ द्वारा हो हुआ हुए गया गई किया कर नहीं",
    ),
    (b"heb", "של את על עם אל מן זה זו הוא היא הם לא או גם כי אם אבל היה הייתה יש כל"),
];

#[cfg(test)]
mod tests {
    use super::{LISTS, Votes, is_stop};
    use crate::analyzer::language::Language;

    #[test]
    fn lists_fit_the_mask() {
        assert!(LISTS.len() <= 32);
        assert!(is_stop("the", Language::ENGLISH) && !is_stop("the", Language::of(b"deu")));
    }

    #[test]
    fn frequent_words_tell_the_language() {
        for (text, code) in [
            ("the cat sat on the mat and it was not amused", "eng"),
            ("der Hund ist in dem Haus und die Katze ist auf dem Dach", "deu"),
            ("le chat est dans la maison et il ne dort pas", "fra"),
            ("он был в доме и не видел её", "rus"),
        ] {
            assert_eq!(Votes::count(text).winner(3).unwrap().code(), code);
        }
        assert_eq!(Votes::count("quarry").winner(1), None);
    }
}
