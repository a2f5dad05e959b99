"""Texts that are hard for a BERT tokenizer, in a fixed order (seeded)."""

import random
import unicodedata

# One short sentence for each language or script.
SENTENCES = """
The quick brown fox doesn't jump over 13 lazy dogs.
Übergrößen-Straße: 'Füße' müssen weiß sein — ẞtraẞe.
L’élève naïf a mangé des œufs à Noël, n’est-ce pas ?
¿Dónde está el niño pequeño? ¡Mañana llegará!
Você não pode comer só pão com maçã e açúcar às três.
Perché la città è così bella? È già l’una.
Þórður æðir yfir ísinn; hún á ölið.
Blåbærsyltetøy på brød, Åse og Øyvind får ærlig svar.
Räksmörgås och ål i Göteborg på lördag.
Äiti söi öljyssä paistettua jäätelöä yöllä.
Õunapuu õitseb järve ääres öösel.
Ší čáp řádil v Příbrami, žluťoučký kůň úpěl ďábelské ódy.
Ľúbezný vĺk mŕkvu jedol v tôni stĺpa.
Zażółć gęślą jaźń, Łódź śpi.
Árvíztűrő tükörfúrógép őrült.
Împărăţia țării și șase pâini în iarnă.
Đorđe će doći u Šibenik žurno čašom.
Ģimenes ķirši, ļoti ātri ņem šķīvi.
Ąžuolas žydėjo, įlipęs ūkininkas ėjo.
IĞDIR ILIK Ilık süt içti, İstanbul'da kış güneşi.
Ə azərbaycan dilində gözəl ılıq yağış.
Съешь же ещё этих мягких французских булок, да выпей чаю.
Їжак і ґава з'їли яблуко біля Єгора.
Ўсё жыццё ў лесе, дзе ёсць вожык.
Щъркелът яде ябълки в неделя.
Ѓорѓи оди кај Ќира со љубов и џвакање.
Ђура њише џак љубичица.
Өнөөдөр үзэсгэлэнт цаг агаар байна.
Қазақстан – ұлы дала елі, ғылым және әдебиет.
Тоҷикистон ҷумҳурии зебо ӯ ҳаст.
Ο Οδυσσέας ταξίδεψε ΣΤΗΝ ΟΔΟΣ Ίμβρος· τέλος;
ᾧ ἥρως ἀείδετε μῆνιν ᾍδης Ὀδυσσεὺς ῥάβδος.
Հայերէն լեզուն գեղեցիկ է, և ուրախ։
საქართველო ლამაზი ქვეყანაა. ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ ႠႡႢ ⴀⴁⴂ
שָׁלוֹם עֲלֵיכֶם, מה שלומך היום? צ״ל ג׳ירף
מיר רעדן ייִדיש און טרינקען טײ.
السَّلَامُ عَلَيْكُمْ كيفَ حالُكَ؟ لا إله، ١٢٣٤.
سلام، حال شما چطور است؟ می‌خواهم کتاب‌ها را بخوانم ۱۲۳.
آپ کیسے ہیں؟ میں ٹھیک ہوں۔
ئۇيغۇر تىلى گۈزەل. ڕۆژباش کوردی.
ܫܠܡܐ ܥܠܟܘܢ ܕܡܠܟܐ
ދިވެހި ބަސް ރީތި
ߒߞߏ ߞߊ߲ ߞߊ߬ߙߊ߲
नमस्ते, आप कैसे हैं? क्षत्रिय ज़िंदगी ड़ १२३।
আমি বাংলায় গান গাই। ড়ঢ়য় ক্ষ কো
ਸਤਿ ਸ੍ਰੀ ਅਕਾਲ, ਸ਼ੇਰ ਜ਼ਮੀਨ
કેમ છો? હું ગુજરાતી બોલું છું.
ଓଡ଼ିଆ ଭାଷା କେମିତି ଅଛି
வணக்கம், நீங்கள் எப்படி இருக்கிறீர்கள்? கொடு கௌ
నమస్కారం, మీరు ఎలా ఉన్నారు?
ನಮಸ್ಕಾರ, ಹೇಗಿದ್ದೀರಾ? ಕೊಡೋ
നമസ്കാരം, സുഖമാണോ? മലയാളം കൊ ൻ
ආයුබෝවන්, කොහොමද? ශ්‍රී ලංකාව
สวัสดีครับ น้ำแข็งอยู่ที่ไหน กำลังไป ๑๒๓
ສະບາຍດີ ເຈົ້າ ຢູ່ໃສ ກຳ
မြန်မာ ဘာသာ စကား နေကောင်းလား။
សួស្តី តើអ្នកសុខសប្បាយទេ?
བོད་སྐད་ བཀྲ་ཤིས་བདེ་ལེགས། གྷ ཀྵ
ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ᠎ᠠ
ሰላም፣ እንዴት ነህ? አማርኛ ቋንቋ።
ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ꭰꭱꭲ ᏸᏹ
ᐃᓄᒃᑎᑐᑦ ᓄᓇᕗᑦ
ᚠᚢᚦᚨᚱᚲ᛫ᚷᚹ
Xin chào, tiếng Việt: Nguyễn Thị Ngọc Ánh ăn phở ở đường Đặng.
Ẹ káàárọ̀, ṣé dáadáa ni? Ọjọ́ dára.
Ina kwana? Ƙasar Hausa ɓauna ɗaki ƴanci.
Ŋutsu ƒe ɖevi ʋu lɔ̃ Eʋegbe.
Ka ʻōlelo Hawaiʻi ma Oʻahu, māhalo.
Tēnā koe, kei te pēhea koe i Aotearoa?
Ĉu vi ŝatas ĵaŭdon? Eĥoŝanĝo ĉiuĵaŭde.
Tá an buachaill óg ag rith go dtí Ṁuiris ḃó ċat.
Mae'r ŵyl yn nhŷ'r dŵr â'r môr.
Gàidhlig: tha mi à Ìle, chì thu mòran.
Dün är Lëtzebuerger Bouf ësst Kéis.
Bonġu, kif int? Il-għasafar ħelwin fiż-żebbuġ.
Mirë se vini, ç’kemi në Shqipëri?
Selamat pagi, apa kabar? Terima kasih banyak-banyak.
Kumusta ka, ñino? Mabuti naman po ’yan.
你好，世界！这是一个测试。我们去北京吃饭。
繁體中文測試：臺灣與香港的「漢字」很美麗。
こんにちは、世界。カタカナとひらがな、ガギグゲゴ ｶﾞｷﾞ ヴァイオリン々〆ヶ
東京都は日本の首都です。１２３ＡＢＣａｂｃ￥
안녕하세요, 세계! 한국어 토크나이저 테스트 값닭뷁.
ꀉꁌꂷ ꆈꌠꉙ 彝文
ꦧꦱꦗꦮ ᮘᮞ ᮞᮥᮔ᮪ᮓ ᬩᬲᬩᬮᬶ
ᱥᱟᱱᱛᱟᱲᱤ ꯃꯩꯇꯩꯂꯣꯟ
𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐐀𐐁𐐂 𐒰𐓘
𐍃𐌰𐌿𐌹𐌻 𐌲𐌿𐍄𐌹𐍃𐌺
𒀀𒁀𒂀 𓀀𓁐𓂀 𐤀𐤁𐤂 𐎠𐎡
𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪 𑄌𑄋𑄴𑄟
ⲁⲃⲅ ϢϤϦ Ⲛⲟⲩⲧⲉ ⴰⵎⴰⵣⵉⵖ
ꙀꙂ ѢѦѪ Ѵѷ҃ а҈б҉
""".strip().splitlines()

SYMBOLS = """
👩‍👩‍👧‍👦 family 👨🏿‍🚀 astronaut 🏳️‍🌈 flag
🇩🇪🇫🇷🇯🇵🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☺️☺︎ ❤️‍🔥 1️⃣#️⃣*️⃣
👍👍🏻👍🏼👍🏽👍🏾👍🏿a😀b😀
🫠🫨🪿🫎 🩷 🧑‍🤝‍🧑 ✊🏾✌️
I❤️U ☃ ☕️☀︎ ©®™ ℠ № ℃ Å K Ω ℵ ℏ
€100 £5 ¥7 ₹8 ₿9 ₽ ₩ ¢ ₺ ₦ ₫ ﷼ $1,000.00 ¤
∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, ∑∫∂∇√∞≠≤≥±×÷ ∅⊂⊃∩∪ ≮≯
𝐀𝑩𝒞𝓓𝔈𝕱𝖦𝗛𝘐𝙅𝙺 𝟘𝟙𝟚 𝛂𝛽 ℕℤℚ
x² + y₃ = z⁴; ½ ⅓ ⅞ Ⅷ ⅷ ① ⑳ ㊙ ㋿ ㍿ ㎏ ㏒
ﬁ ﬂ ﬀ ﬃ ﬄ ﬅ ﬆ ﬓ ﬗ Ǆ ǅ ǆ Ĳ ĳ Œ œ Æ æ ŉ
ＦＵＬＬ ｗｉｄｔｈ，ｐｕｎｃｔ！＂＃＄％ ～｡｢｣､･ ￠￡￢￣￤￥￦
“curly” ‘quotes’ «guillemets» ‹single› „low‟ ‚x‛ 〝〟〞 「」『』【】〖〗
em—dash en–dash hy‐phen non‑break figure‒ bar― minus− soft­hyphen ‧ · • … ‥ ․
‰ ‱ ′ ″ ‴ ‵ ‹ › ※ ‼ ‽ ⁇ ⁈ ⁉ ⁂ ⁓ ⁕ ⁘ ⸮ ⸻ ⹀ ⹃ ⹏
←↑→↓↔⇒⇔⟶ ■□▢▣●○◎★☆♠♣♥♦♩♪♫ ─│┌┐└┘ ░▒▓█
~`!@#$%^&*()_+-={}|[]\\:";'<>?,./
http://example.org/path?q=a%20b&c=d#frag user.name+tag@sub.example.co.uk
C:\\Users\\me\\file.txt /usr/local/bin/../lib/x86_64-linux-gnu ./a.out 2>&1 | tee log
for (int i = 0; i < n; ++i) { a[i] = b[i] ^ 0xFF; } // TODO
def f(x: int) -> str: return f"{x!r:>10}"  # comment
SELECT * FROM "t" WHERE a<>'b' AND c IS NOT NULL;
<div class="x" data-y='1'>&nbsp;&amp;&#8217;</div>
3.14159 1,234,567.89 -42 +7 1e-10 0x1F 1/2 50% 12:34:56 2024-01-31 +49-30-1234567
don't can't won't I'm you're they've she'd o'clock rock'n'roll y'all'd've
U.S.A. Ph.D. e.g. i.e. a.m. vs. etc... Mr.Smith a.b.c..d
UPPER lower MiXeD cAmElCaSe snake_case kebab-case SCREAMING_SNAKE iPhone eBay
antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis
aaaaaaaaaa zzzzzzzzzz qxqxqxqx bcdfghjkl
""".strip().splitlines()

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# fmt: off
CASING = [
    "İ", "I", "ı", "i", "İİİ", "Iı", "i̇", "I\u0307", "İstanbul", "ΟΔΟΣ", "ΟΔΟΣ ΣΑΣ", "Σ", "ς", "ΑΣ.", "Σ Σ", "ẞ",
    "ß", "STRAẞE", "straße", "ſ", "ſt", "K", "Å", "Ω", "ϴ", "ϐ", "µ", "ǅ", "Ǆ", "ǈ", "Ǉ", "ᾼ", "ᾳ", "ᾈ", "ΐ", "ΰ",
    "ŉ", "ǰ", "ẖ", "և", "ﬓ", "Ⴀ", "ⴀ", "Ა", "ა", "Ꭰ", "ꭰ", "Ᏸ", "ᏸ", "𐐀", "𐐨", "Ɐ", "Ⱥ", "Ⱦ", "Ꞌ", "Ɥ", "Ɦ", "Ɡ",
    "Ʞ", "Ꟊ", "Ꟃ", "ⓐ", "Ⓐ", "Ⅷ", "ⅷ", "Ａ", "ａ", "Ꙁ", "Ӏ", "ӏ", "Ԥ", "Һ", "𞤀", "𑢠", "𐲀", "𖹀", "Éa", "E\u0301a",
    "ÉÀÜ", "Ǻ", "Ǟ", "Ṩ", "Ẫ", "Ệ", "Ớ", "Ǖ", "ḹ", "Ø", "Ł", "Đ", "Ħ", "Ŧ", "ð", "Þ",
]

WHITESPACE = [
    *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x2010), *range(0x2028,
    0x2030), 0x205F, *range(0x2060, 0x2070), 0x3000, 0x3164, 0xFEFF, 0x115F, 0x2800, 0xFFA0,
]

CONTROL = [
    0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xAD, 0x34F, 0x600, 0x605, 0x61C,
    0x6DD, 0x70F, 0x890, 0x8E2, 0x17B4, 0x17B5, 0x180B, 0x180E, 0x180F, 0xFE00, 0xFE0F, 0xFFF9, 0xFFFA, 0xFFFB,
    0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF, 0xFDD0, 0xFDEF, 0x1FFFE, 0x10FFFF, 0xE000, 0xF8FF, 0xF0000, 0x10FFFD, 0xE0001,
    0xE0020, 0xE007F, 0xE0100, 0xE01EF, 0x110BD, 0x110CD, 0x13430, 0x1BCA0, 0x1D173, 0x1D17A, 0x378, 0x379, 0x530,
    0x5FF, 0x2FE0, 0x9FFF, 0xD7FF, 0xFFEF, 0x1F8FF, 0x2A6E0, 0x2FFFF, 0x30000, 0x31350, 0x3FFFD, 0x50000, 0xDFFFD,
    0xEFFFD,
]

EDGES = [  # ends of the CJK ranges, and others where categories changed between Unicode versions
    0x2E80, 0x2FFF, 0x3007, 0x3040, 0x30FF, 0x31F0, 0x3400, 0x4DBF, 0x4DC0, 0x4DFF, 0x4E00, 0x9FA5, 0x9FEF, 0xA000,
    0xF8FF, 0xF900, 0xFAFF, 0xFB00, 0x1F200, 0x20000, 0x2A6DF, 0x2A6E0, 0x2A6FF, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F,
    0x2B820, 0x2B8FF, 0x2B920, 0x2CEAF, 0x2CEB0, 0x2EBEF, 0x2F7FF, 0x2F800, 0x2FA1F, 0x2FA20, 0x30000, 0x166D,
    0x2E43, 0x2E44, 0x2E52, 0xAF0, 0xA66F, 0x1AC0, 0x1ABF, 0x8D3, 0x8CA, 0x1DF9, 0x1DFA, 0x1E2EC, 0x1E94A, 0x10F46,
    0x11C3F, 0x1CD0, 0x302A, 0x3099, 0x309B, 0x20D0, 0x20DD, 0x20F0, 0xFE20, 0x903, 0x93E, 0xB3E, 0xDCF, 0x1D165,
    0x1D15E, 0x1D1BB, 0x340, 0x341, 0x343, 0x344, 0x37E, 0x387, 0x1FEF, 0x2126, 0x212A, 0x212B, 0x2329, 0xFB1D,
    0xFB4E, 0x958, 0x9DC, 0xF43, 0xF73, 0xF81, 0x1026, 0x1B06, 0x2ADC, 0xF9D0, 0xFA0E, 0x2F87A, 0x1109A, 0x1112E,
    0x1134B, 0x1D1C0, 0x24, 0x2B, 0x5E, 0x60, 0x7C, 0x7E, 0xA7, 0xAB, 0xB7,
]

MARKS = [
    0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C, 0x31B, 0x323, 0x324, 0x327, 0x328,
    0x331, 0x334, 0x338, 0x345, 0x34F, 0x35C, 0x360, 0x361, 0x483, 0x591, 0x5B0, 0x5BC, 0x5C1, 0x64B, 0x651, 0x670,
    0x93C, 0x94D, 0x9BE, 0x9D7, 0xB56, 0xBBE, 0xC55, 0xCD5, 0xD3E, 0xDCA, 0xDCF, 0xE38, 0xE48, 0xEB8, 0xEC8, 0xF18,
    0xF71, 0xF72, 0xF74, 0x1037, 0x302A, 0x302E, 0x3099, 0x309A, 0x1DCE, 0x1DFA, 0x1D165, 0x1D16D, 0x20D0, 0x20DD,
    0x20D2, 0xFE20, 0xFE27, 0x1ABE, 0x1AC0, 0x16FF0, 0x1E8D0,
]

# fmt: on
JAMO = [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3), 0x115F, 0x1160, 0xA960, 0xD7B0, 0xD7CB]


def short_texts(seed=3):
    """Well over a thousand texts, a few of them a hundred characters, most far less."""
    texts = [
        "",
        " ",
        "  ",
        "\n",
        "\t\r\n ",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\ufeff",
        "a",
        "A",
        "\u0301",
        "\u0301a",
        ".",
        "...",
        "##",
        "##a",
    ]
    for sentence in SENTENCES + SYMBOLS:
        texts.append(sentence)
    for sentence in SENTENCES:
        for other in (sentence.upper(), sentence.lower(), unicodedata.normalize("NFD", sentence)):
            if other != sentence:
                texts.append(other)
    for form in ("NFC", "NFKC", "NFKD"):
        texts += [unicodedata.normalize(form, s) for s in SYMBOLS[:16] if unicodedata.normalize(form, s) != s]

    for token in SPECIALS:
        bare = token[1:-1]
        texts += [
            token,
            f"a{token}b",
            f"a {token} b",
            f" {token} ",
            token.lower(),
            f"[ {bare} ]",
            f"[{token}]",
            f"[[{bare}]",
            f"{token}{token}",
            f"x{token}y{token}z",
            f"{bare}",
            f"[{bare}",
            f"{bare}]",
            f"[{bare.title()}]",
            f"##{token}",
            f"{token}s",
            f"日{token}本",
            f"é{token}\u0301",
            f"\u200b{token}\u200b",
            f"[\u200b{bare}]",
            f"[{bare}\u0301]",
            f"\uff3b{bare}\uff3d",
            f"{token}\n{token}",
            f"{token}.",
        ]
    texts += [
        "[UNK][PAD]",
        "[CLS] hi [SEP] there [SEP]",
        "[unused0] [unused1]",
        "[PAD][UNK][CLS][SEP][MASK]",
        "[MASK].[MASK],",
        "[SEP",
        "SEP]",
        "[]",
        "[CLS]" * 5,
    ]

    texts += CASING + ["x" + c + "y" for c in CASING] + [" ".join(CASING[i : i + 9]) for i in range(0, len(CASING), 9)]
    texts += ["a" + chr(c) + "b" for c in WHITESPACE] + ["a " + chr(c) * 3 + "b" for c in WHITESPACE[::3]]
    texts += ["a" + chr(c) + "b" for c in CONTROL + EDGES] + ["x " + chr(c) + " y" for c in EDGES]
    texts += [
        "a\x00b\x00c",
        "\x00",
        "\x00\x00a",
        "caf\u00e9\x00",
        "a\u202eb\u202cc \u2066d\u2069 \u200ee\u200f",
        "\u061ca",
    ]

    for n in (98, 99, 100, 101, 102):  # WordPiece gives up on words of more than 100 characters
        texts += ["a" * n, "hello" * (n // 5) + "x" * (n % 5), "é" * n, "e\u0301" * n, "ж" * n, "İ" * n]
    for n in (99, 100, 101):
        texts += [
            "한" * (n // 3) + "a" * (n % 3),
            "x" + "\u0301" * n,
            "\U00010400" * n,
            "the " + "q" * n + " end",
            "q" * n + "." + "q" * n,
        ]

    rng = random.Random(seed)
    for _ in range(70):  # marks of many classes in any order
        texts.append(
            "".join(
                rng.choice("aeiouAEIOUyns\u0915\u05e9\u0627\u0e01")
                + "".join(chr(rng.choice(MARKS)) for _ in range(rng.randint(1, 5)))
                for _ in range(rng.randint(1, 3))
            )
        )
    for _ in range(40):  # jamo, whole syllables and half-composed ones
        texts.append(
            "".join(
                chr(rng.choice(JAMO)) if rng.random() < 0.6 else chr(rng.randrange(0xAC00, 0xD7A4))
                for _ in range(rng.randint(2, 7))
            )
        )
    words = " ".join(SENTENCES + SYMBOLS).split()
    odd = [*WHITESPACE, *CONTROL, *EDGES, *MARKS, *JAMO, *map(ord, "".join(CASING))]
    for _ in range(180):  # words of different scripts side by side
        parts = [rng.choice(words) for _ in range(rng.randint(2, 5))]
        parts.insert(rng.randrange(len(parts)), rng.choice(SPECIALS) if rng.random() < 0.15 else chr(rng.choice(odd)))
        texts.append(rng.choice(["", " ", " ", "-"]).join(parts))
    for _ in range(160):  # any interesting code points
        texts.append(
            "".join(
                chr(rng.choice(odd)) if rng.random() < 0.6 else rng.choice("abeinstTEA .,'")
                for _ in range(rng.randint(2, 14))
            )
        )
    for _ in range(60):  # any code points at all
        points = [
            rng.choice(
                [
                    rng.randrange(0x80, 0x3000),
                    rng.randrange(0x3000, 0xD800),
                    rng.randrange(0xE000, 0x20000),
                    rng.randrange(0x110000),
                ]
            )
            for _ in range(8)
        ]
        texts.append("ab" + "".join(chr(c) for c in points if not 0xD800 <= c < 0xE000))

    seen, unique = set(), []
    for text in texts:
        if text not in seen:
            seen.add(text)
            unique.append(text)
    return unique


def huge_texts():
    """(prefix, unit, count, suffix): around a megabyte each as UTF-8."""
    return [
        ("", "a", 1_000_000, ""),
        ("start ", "a", 1_000_000, " end"),
        ("a", " ", 1_000_000, "b"),
        ("", "hello ", 170_000, ""),
        ("", "日", 333_000, ""),
        ("", "日本 ", 140_000, "x"),
        ("", "!", 1_000_000, ""),
        ("a", "?!", 500_000, "b"),
        ("a", "\u0301", 500_000, "b"),
        ("a", "\u0301\u0323", 250_000, "b"),
        ("", "e\u0301", 330_000, ""),
        ("", "é ", 330_000, ""),
        ("", "한국어 ", 100_000, ""),
        ("", "\u200b", 330_000, "a"),
        ("x", "\x00", 1_000_000, "y"),
        ("", "😀", 250_000, ""),
        ("", "😀 ", 200_000, ""),
        ("", "[SEP]", 200_000, ""),
        ("", "[", 1_000_000, "SEP]"),
        ("", "unaffable ", 100_000, ""),
        ("", "\u0130", 500_000, ""),
        ("", "ﷺ\n", 250_000, ""),
    ]
