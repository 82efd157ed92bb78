"""Replies of services that are none, and sound ones that look like such: made from phrases, without a look at the code that tells them apart."""

import itertools
import random
from collections.abc import Iterator, Sequence

from wethink_assets.models.chat import Completion

APOLOGIES = (
    "I'm sorry, but",
    "I\u2019m really sorry, but",
    "Sorry,",
    "I apologize, but",
    "Unfortunately,",
    "My apologies, but",
    "I'm afraid",
    "",
)
INABILITIES = (
    "I can't",
    "I cannot",
    "I am unable to",
    "I'm not able to",
    "I won't",
    "I must decline to",
    "I'm not allowed to",
    "I'd rather not",
    "I\u2019m not comfortable",
)
SERVICES = (
    "assist with that",
    "help with this request",
    "describe this image",
    "provide a description of this picture",
    "identify the people in this photo",
    "answer that question",
    "comply with that",
    "continue with this conversation",
    "process this image",
    "fulfill this request",
    "analyze the content shown",
)
ENDS = (
    ".",
    "!",
    ". Is there anything else I can help you with?",
    ", as it may violate our content policy.",
    ". Please try another image.",
)
OTHER_REFUSALS = (
    "Es tut mir leid, aber ich kann bei dieser Anfrage nicht helfen.",
    "Leider kann ich dieses Bild nicht beschreiben.",
    "Ich bin nicht in der Lage, Personen auf Bildern zu identifizieren.",
    "Das darf ich leider nicht beantworten.",
    "Je suis désolée, mais je ne peux pas vous aider avec cette demande.",
    "Désolé, je ne suis pas en mesure de décrire cette image.",
    "Je ne peux pas identifier les personnes sur cette photo.",
    "Lo siento, pero no puedo ayudarte con esa solicitud.",
    "Lamentablemente, no puedo describir esta imagen.",
    "No me es posible responder a esa pregunta.",
    "Mi dispiace, ma non posso assisterti con questo.",
    "Purtroppo non posso descrivere questa immagine.",
    "Sinto muito, mas não posso ajudar com esse pedido.",
    "Não consigo descrever esta imagem.",
    "Sorry, maar daar kan ik je niet bij helpen.",
    "Tyvärr kan jag inte hjälpa till med det.",
    "Beklager, men det kan jeg ikke hjælpe med.",
    "Valitettavasti en voi auttaa tässä.",
    "Przepraszam, ale nie mogę w tym pomóc.",
    "Omlouvám se, ale s tím nemohu pomoci.",
    "Sajnálom, de ebben nem tudok segíteni.",
    "Îmi pare rău, dar nu pot ajuta cu această cerere.",
    "Üzgünüm, bu konuda yardımcı olamıyorum.",
    "Rất tiếc, tôi không thể hỗ trợ yêu cầu này.",
    "Mohon maaf, saya tidak dapat membantu permintaan tersebut.",
    "К сожалению, я не могу описать это изображение.",
    "Прошу прощения, но я не могу помочь с этим.",
    "对不起，我不能回答这个问题。",
    "很遗憾，我无法描述这张图片。",
    "抱歉，作为一个AI助手，我无法识别图片中的人物。",
    "申し訳ございませんが、この画像についてはお答えできません。",
    "すみません、お手伝いできません。",
    "죄송하지만 이 이미지를 설명할 수 없습니다.",
    "미안하지만 도와드릴 수 없어요.",
    "آسف، لا يمكنني المساعدة في ذلك.",
    "क्षमा करें, मैं इस अनुरोध में सहायता नहीं कर सकता।",
    "מצטער, אני לא יכול לעזור בזה.",
    "ขออภัย ฉันไม่สามารถช่วยเหลือได้",
    "As a large language model, I do not have the ability to see images.",
    "As an AI assistant, I must respect privacy and won't name anyone.",
    "This content may violate our usage policies.",
    "Your prompt was flagged by the moderation system.",
    "The response was filtered.",
    "Content blocked.",
    "That's not something I can help with.",
    "No, I can't help with that.",
    "Identifying individuals goes against my guidelines.",
    "I refuse.",
    "No comment.",
)
NON_ANSWERS = (
    "Unknown",
    "unknown.",
    "N/A",
    "n/a",
    "NA",
    "null",
    "NULL",
    "None given",
    "Not visible.",
    "Not visible",
    "Not specified.",
    "Not mentioned",
    "Not provided",
    "Not available",
    "Not applicable",
    "Unclear",
    "unclear.",
    "Cannot be determined.",
    "Cannot determine",
    "Can't tell",
    "I don't know.",
    "I do not know",
    "I'm not sure.",
    "No idea",
    "No answer",
    "No information.",
    "Insufficient information",
    "Not enough information.",
    "Unable to determine.",
    "Undetermined",
    "Illegible",
    "???",
    "!!!!",
    "...",
    "-",
    "\u2014",
    "**N/A**",
    "[unknown]",
    "(not visible)",
    '"Unknown"',
    "No image was provided.",
    "No image provided",
    "There is no image in your message.",
    "I don't see an image attached.",
    "Please upload an image so that I can help.",
    "The image is missing.",
    "It looks like the image didn't upload.",
    "Could you share the picture again?",
    "I can't see any image here.",
    "The image failed to load.",
    "It cannot be determined from the image.",
    "The image does not provide enough information.",
    "There is not enough information to answer.",
    "The answer is not visible in the image.",
    "Unbekannt",
    "Nicht sichtbar.",
    "Keine Angabe",
    "Inconnu",
    "Non visible",
    "Je ne sais pas.",
    "Desconocido",
    "No visible.",
    "No se sabe",
    "Sconosciuto",
    "Non lo so",
    "Desconhecido",
    "Não sei.",
    "Onbekend",
    "Okänt",
    "Nieznane",
    "Bilinmiyor",
    "Không rõ",
    "Неизвестно",
    "Не видно.",
    "未知",
    "不知道",
    "无法确定",
    "不明",
    "わかりません。",
    "알 수 없음",
    "غير معروف",
)
FOREIGN = (
    "Das Bild zeigt einen roten Kreis auf weißem Grund, links neben zwei blauen Quadraten.",
    "Auf dem Foto sieht man eine Frau, die mit ihrem Hund im Park spazieren geht.",
    "L'image montre un cercle rouge sur un fond blanc, à gauche de deux carrés bleus.",
    "On voit sur la photo une femme qui promène son chien dans un parc.",
    "La imagen muestra un círculo rojo sobre un fondo blanco, a la izquierda de dos cuadrados.",
    "En la foto se ve una mujer que pasea con su perro por el parque.",
    "L'immagine mostra un cerchio rosso su uno sfondo bianco, a sinistra di due quadrati.",
    "Nella foto si vede una donna che porta a spasso il cane nel parco.",
    "A imagem mostra um círculo vermelho sobre um fundo branco, à esquerda de dois quadrados.",
    "Na foto vê-se uma mulher que passeia com o seu cão no parque.",
    "De afbeelding toont een rode cirkel op een witte achtergrond, links van twee vierkanten.",
    "Bilden visar en röd cirkel på en vit bakgrund, till vänster om två blå kvadrater.",
    "Billedet viser en rød cirkel på en hvid baggrund til venstre for to blå firkanter.",
    "Obraz przedstawia czerwone koło na białym tle, po lewej stronie dwóch niebieskich kwadratów.",
    "Obrázek ukazuje červený kruh na bílém pozadí, vlevo od dvou modrých čtverců.",
    "A képen egy piros kör látható fehér alapon, két kék négyzet mellett.",
    "Imaginea arată un cerc roșu pe un fundal alb, în stânga a două pătrate albastre.",
    "Görüntüde beyaz bir zemin üzerinde kırmızı bir daire ve iki mavi kare var.",
    "Hình ảnh cho thấy một hình tròn màu đỏ trên nền trắng, bên trái hai hình vuông.",
    "Gambar ini menunjukkan sebuah lingkaran merah di atas latar putih, di kiri dua persegi biru.",
    "Kuvassa on punainen ympyrä valkoisella pohjalla, ja sen oikealla puolella on kaksi sinistä neliötä.",
    "图片中有一个红色的圆形，位于白色背景上，左边还有两个蓝色的正方形。",
    "画像には白い背景の上に赤い円があり、その右に青い四角が二つあります。",
    "На изображении красный круг на белом фоне слева от двух синих квадратов.",
    "이미지에는 흰 배경 위에 빨간 원이 있고 그 오른쪽에 파란 사각형이 두 개 있습니다.",
)
SOUND_TEXTS = (
    "A red circle lies on white ground, left of two blue squares.",
    "A woman walks her dog through a park; behind her stand three benches.",
    'A shop window with a sign that reads "Sorry, we are closed" in red letters.',
    'A letter begins "I\'m sorry that I cannot come to the party" in blue ink.',
    "A bar chart with four bars, which reach 3, 5, 8 and 13; no title is given.",
    'The status column of the table holds "N/A" in two of its five rows.',
    'A menu in French offers "soupe à l\'oignon" for 8 euros and "tarte aux pommes" for 6.',
    "A triangle ABC with a right angle at C; AB is 13, BC is 5, AC is marked x.",
    "A screenshot of a chat window. The last message reads: I cannot help you with that today, sorry.",
    "A dark room in which hardly anything is visible but a lamp.",
    "A form whose fields for name and date are empty; a stamp says UNKNOWN SENDER.",
    "Two men shake hands before a banner; their faces can't be made out.",
    "A page of code in which a variable named null is compared with undefined.",
    "A map of the Rio de la Plata between Buenos Aires and Montevideo.",
    "The third label is illegible; the others read Jan, Feb and Apr.",
    "An album cover with waves of white lines and the title Unknown Pleasures.",
    "A poster with the words No image, no story above a camera.",
    "I count seven sheep on a meadow, and a barn behind them.",
    "A road sign with Ausfahrt in white on blue, beside it a smaller one with an arrow.",
    "Please wait here is written in yellow on the floor of a station.",
)
SOUND_ANSWERS = (
    "red",
    "5",
    "2.10 euros",
    "teapot",
    "12 kg",
    "Emily Carter",
    "x^2 + 1",
    "no",
    "none",
    "None",
    "yes",
    "left",
    "Paris",
    "1998",
    "3/4",
    "Bäckerei Huber",
    "Liberté",
    "sin(x)",
    "H2O",
    "not",
    "two",
    "NaCl",
    "A",
    "12:30",
    "50%",
    "-3",
    "$4.50",
    "the blue one",
    "undefined",
    "zero",
    "nothing",
    "Ausfahrt",
)


def refusals() -> Iterator[str]:
    """All combinations, then those in other languages."""
    for apology, inability, service, end in itertools.product(APOLOGIES, INABILITIES, SERVICES, ENDS):
        second = f"{inability} {'with ' if inability.endswith('comfortable') else ''}{service}"
        if inability.endswith("comfortable"):
            verb, _, rest = service.partition(" ")
            verb = {
                "describe": "describing",
                "provide": "providing",
                "analyze": "analyzing",
                "fulfill": "fulfilling",
                "continue": "continuing",
            }.get(verb, {"identify": "identifying", "comply": "complying"}.get(verb, verb + "ing"))
            second = f"{inability} {verb} {rest}"
        yield f"{apology} {second}{end}".strip()
    yield from OTHER_REFUSALS


def unfinished(chance: random.Random) -> Completion:
    """A sound text whose reply did not end by itself."""
    ended = chance.choice(
        ["length", "content_filter", "error", "abort", "refusal", "tool_calls", "SAFETY", "max_tokens"]
    )
    text = chance.choice(SOUND_TEXTS)
    return Completion(text[: chance.randrange(5, len(text))], 9, 512, ended, "hostile")


def tokens(chance: random.Random) -> str:
    """A sound text with what a chat template is made of."""
    text, token = (
        chance.choice(SOUND_TEXTS),
        chance.choice(["<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "[/INST]"]),
    )
    return chance.choice([f"{text}{token}", f"<|im_start|>assistant\n{text}", f"{text}\n{token}\n{token}", token])


def non_replies(count: int, seed: int = 0) -> list[tuple[str, str | Completion]]:
    """So many, each with its sort, by turns."""
    chance = random.Random(seed)
    refused: Sequence[str] = chance.sample(sorted(refusals()), k=len(list(refusals())))
    made: list[tuple[str, str | Completion]] = []
    for number in range(count):
        turn = number // 5
        sort = ("refused", "no_answer", "wrong_language", "unfinished", "tokens")[number % 5]
        made.append(
            (
                sort,
                {
                    "refused": lambda turn=turn: refused[turn % len(refused)],
                    "no_answer": lambda turn=turn: NON_ANSWERS[turn % len(NON_ANSWERS)],
                    "wrong_language": lambda turn=turn: FOREIGN[turn % len(FOREIGN)],
                    "unfinished": lambda: unfinished(chance),
                    "tokens": lambda: tokens(chance),
                }[sort](),
            )
        )
    return made
