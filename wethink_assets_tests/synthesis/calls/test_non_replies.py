"""Replies that are none are told from sound ones: refusals and non-answers in many languages; texts that only look like one."""

import pytest

from wethink_assets.synthesis.calls.non_replies import Wanted, no_answer_in, require_reply
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text


def code_of(text: str, wanted: Wanted = "description") -> str | None:
    """Fault of a reply, or None."""
    try:
        require_reply(text, wanted)
    except MalformedReply as fault:
        return fault.code
    return None


REFUSALS = """
I'm sorry, but I can't assist with that request.
I’m sorry, I can’t help with that.
Sorry, I'm unable to provide a description of this image.
As an AI language model, I cannot view images.
I am not able to identify people in images.
Unfortunately, I won't be able to describe this picture.
I must decline to answer.
I apologize, but I cannot fulfill this request as it violates our content policy.
This request violates OpenAI's usage policies.
My guidelines prevent me from describing this.
Your request has been blocked by our safety system.
Request denied.
Let's talk about something else.
Thank you for sharing. However, I'm not able to help with identifying individuals.
It would be inappropriate for me to describe this image.
Sorry.
A man stands in the street. I'm sorry, but I can't identify him.
"I'm sorry, but I can't assist with that."
**I cannot comply with this request.**
I must respectfully refuse.
Apologies, but that is outside of what I can do.
I'm sorry Dave, I'm afraid I can't do that.
Я не могу ответить на этот вопрос.
この質問にはお答えできかねます。
Das kann ich leider nicht beantworten.
Es tut mir leid, aber ich kann dabei nicht helfen.
Je suis désolé, mais je ne peux pas répondre à cette demande.
Lo siento, pero no puedo ayudar con eso.
Mi dispiace, ma non posso aiutarti con questa richiesta.
Desculpe, mas não posso ajudar com isso.
很抱歉，我无法协助处理该请求。
申し訳ありませんが、そのリクエストにはお応えできません。
죄송합니다. 해당 요청을 도와드릴 수 없습니다.
Извините, но я не могу помочь с этим запросом.
عذرًا، لا أستطيع المساعدة في هذا الطلب.
Üzgünüm, bu isteğe yardımcı olamam.
Xin lỗi, tôi không thể giúp bạn với yêu cầu này.
Maaf, saya tidak bisa membantu permintaan itu.
Przykro mi, ale nie mogę pomóc w tej sprawie.
Het spijt me, maar ik kan daar niet bij helpen.
I have to pass on this one.
My apologies, but this falls outside what I'm permitted to do.
As Claude, I don't describe identifiable people.
The model refused to answer.
[Content removed by safety filter]
Content violates usage guidelines.
您好，我是通义千问，请问有什么可以帮您？
""".strip().split("\n")

NON_ANSWERS = """
You have exceeded your current quota.
Network error, please try again.
Okay, I will describe the image.
Here's a detailed description of the image:
Hello! I'd be happy to help you with that.
The image you've sent seems to be corrupted.
I notice there is no image in our conversation.
To provide a description, I would need to see the image.
![image](image.png)
data:image/png;base64,iVBORw0KGgoAAAANSUhEUg
https://example.com/picture.png
```json
assistant
Es wurde kein Bild angehängt.
Aucune image n'a été fournie.
No veo ninguna imagen adjunta.
Nenhuma imagem foi anexada.
画像が添付されていないようです。
이미지가 첨부되지 않았습니다. 다시 업로드해 주세요.
Изображение не было прикреплено.
لا توجد صورة مرفقة.
कोई छवि संलग्न नहीं है।
Unknown
N/A
null
!!!!
...
Not visible.
No image was provided.
There is no image attached.
Please upload the image.
I can't see the image you mention.
It seems that the image did not load.
The image could not be loaded.
Cannot be determined from the image.
I don't know.
How can I help you today?
Sure, I'd be happy to help! Please share the image.
Unbekannt
不知道
わかりません
Inconnu
Internal Server Error
As no image was attached, I can't describe it.
Image not found
Sorry, something went wrong.
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
It cannot be determined.
""".strip().split("\n")

FURTHER = r"""
I'm sorry, but I can't describe the contents of this image as it may contain sensitive material.
Sorry, but I can't provide real-time information about people in images.
I'm really sorry, but I can't help with identifying people in this photo.
I can't determine who this is based on the image alone.
I won't identify the person, but they seem upset.
I can describe the image, but I can't identify the person.
I'm afraid I'm not able to view the image you've provided.
Apologies, I'm having trouble viewing the image.
I'm having trouble accessing the image. Please try again later.
There was an error processing your image.
The image failed to load. Please try again.
I encountered an error while processing your request.
An error occurred while generating the response.
Something went wrong. If this issue persists please contact us through our help center at help.openai.com.
Our systems have detected unusual activity. Please try again later.
This conversation has been flagged for a potential policy violation.
Oops! It seems like your message was blocked.
Sorry, I didn't get that. Could you rephrase your question?
I'm not sure what you're asking. Could you clarify?
Could you clarify what you would like me to describe?
What would you like to know about the image?
Do you have any specific questions about the image?
Is there anything specific you'd like me to focus on?
I'm ready to help! What image would you like me to describe?
Awaiting image input.
Waiting for the image...
Please wait while I process the image.
One moment please.
[Processing image...]
Analyzing...
Image description goes here.
Insert description here.
[Description of the image]
<description>
{description}
This is a description of the image.
Description unavailable.
No description could be generated.
Unable to generate a description.
The description could not be generated due to content restrictions.
As per my guidelines, I can't provide a description.
My instructions don't allow me to describe this.
I was not trained to describe such content.
I'm programmed to be a helpful and harmless assistant.
It goes against my programming to describe this image.
That would violate my terms of service.
I must adhere to ethical guidelines and cannot describe the image.
Due to privacy concerns, I cannot identify or describe individuals.
In order to respect privacy, I won't describe the person.
Out of respect for privacy, I will refrain from describing the individual.
I respectfully decline.
Nope.
I'd rather not say.
No can do.
Sorry, no.
I don't have vision capabilities.
I lack the ability to process visual information.
As a text-based model, I'm unable to see pictures.
I do not have access to external images.
Images are not supported by this model.
This model does not support image input.
Image input is not supported.
I can only process text.
Currently I can't process images. I can help you with text-based tasks.
The provided URL could not be accessed.
I cannot open links or attachments.
I see nothing.
I don't see anything.
I cannot see anything in the image.
The image appears to be blank or not loaded.
TL;DR
lol
asdf
test test test
the the the the the the the the the the the the the the the the the the the the the the
A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A
0
1
42
A
B.
True
{"description": ""}
{"description": null}
{"error": {"message": "quota"}}
<html><body>502 Bad Gateway</body></html>
<|im_end|>
.
:)
😀
Por favor, envíe la imagen.
Veuillez fournir l'image.
Bitte senden Sie mir das Bild.
Пожалуйста, загрузите изображение.
请上传图片。
画像をアップロードしてください。
이미지를 업로드해 주세요.
कृपया छवि अपलोड करें।
يرجى تحميل الصورة.
Voglia fornire l'immagine.
Por favor, envie a imagem.
Lütfen görseli yükleyin.
Ich sehe kein Bild.
Je ne vois pas d'image.
No puedo ver la imagen.
Não consigo ver a imagem.
Non riesco a vedere l'immagine.
我看不到图片。
画像が見えません。
이미지를 볼 수 없습니다.
Я не вижу изображения.
لا أستطيع رؤية الصورة.
मैं छवि नहीं देख सकता।
""".strip().split("\n")

SOUND = """
Sure! A red circle is left of a blue square.
Certainly! The image shows a red circle left of a blue square.
Okay, I will describe the image. A red circle is left of a blue square.
I'd be happy to describe the image! It shows a red circle left of a blue square.
Of course. The picture shows three men at a bar.
Error bars are drawn on each of the four columns; those of the third are longest.
Server errors are counted in the left column of a table, network errors in the right one.
You have reached the summit, says a board of wood beside three hikers who are tired.
A chat shows two turns. User: where is the key? Bot: under the mat.
A sign in front of a shop reads "Sorry, we are closed". Below it hangs a small red lamp.
A letter on yellow paper. It begins: Dear Anna, I'm sorry I cannot help you with the move on Saturday.
A screenshot of a chat. The assistant replies "I'm sorry, but I can't assist with that."
A grey placeholder with the words No image available stands in the middle of the page.
No people are visible in the image. A long empty beach stretches from left to right.
The image shows a table of values; one cell reads "N/A".
A form whose last field is marked unknown in pencil.
Three bars. The first, marked I, reaches 3, the second, marked II, reaches 5; the label of the third can't be read.
It is not clear how many people stand behind the counter, but at least three heads are visible.
An error message: Internal server error, in black letters on white.
We see a kitchen from above; I count four chairs around a round table.
The request form of a library, with fields for name and date, both empty.
I see a wide valley with a river; no houses are visible.
A cartoon: a robot says "As an AI, I cannot laugh", and a child replies "You just did".
Sorry seems to be the hardest word is printed on the record sleeve.
The sign is not visible in full: its left half reads "BAK".
Content of a fridge: milk, eggs, three tomatoes and a bottle of juice.
Please do not touch is printed on a plate below the statue.
This document is a letter of apology in which the writer says that he cannot provide the goods.
A slide explains that the token "<|im_end|>" ends a turn.
A circle.
""".strip().split("\n")


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_none(text: str) -> None:
    assert code_of(text) == "refused"


@pytest.mark.parametrize("text", NON_ANSWERS)
def test_a_non_answer_describes_nothing(text: str) -> None:
    assert code_of(text) == "no_answer"


@pytest.mark.parametrize("text", FURTHER)
def test_further_replies_that_say_nothing_of_an_image_are_none(text: str) -> None:
    assert code_of(text) in ("refused", "no_answer", "markup")


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_description_is_one(text: str) -> None:
    assert code_of(text) is None


@pytest.mark.parametrize(
    "text", ["Not visible.", "Illegible.", "None.", "5", "The fourth label can't be read.", "北京"]
)
def test_a_detail_may_be_said_to_be_invisible(text: str) -> None:
    assert code_of(text, "detail") is None


@pytest.mark.parametrize("text", ["null", "N/A", "I'm sorry, but I can't help with that.", "???"])
def test_a_detail_is_not_refused(text: str) -> None:
    assert code_of(text, "detail") in ("refused", "no_answer")


@pytest.mark.parametrize(
    "text",
    ["A red circle.<|im_end|>", "<|im_start|>assistant\nA red circle.", "A red circle.</s>", "[INST] A red circle.", "<｜Assistant｜>A disc."],
)  # fmt: skip
def test_a_token_of_a_chat_template_is_no_text(text: str) -> None:
    assert code_of(text) == "markup"


@pytest.mark.parametrize(
    "text",
    [
        "Here is the description of the image:\n\nA red circle left of a blue square.",
        "assistant\n\nA red circle left of a blue square.",
    ],
)
def test_what_announces_a_description_does_not_refuse_it(text: str) -> None:
    assert code_of(final_text(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "[gMASK]<sop>A red circle.",
        "A red circle.<turn|>",
        "A red circle.[e~[",
        "]<]minimax[>[A red circle.",
        "A red circle.[|endofturn|]",
        "A red circle.[UNUSED_TOKEN_145]",
        "A red circle at <loc_123><loc_40>.",
        "A red circle.\n\nUser: And the square?",
    ],
)
def test_a_token_of_any_other_template_is_no_text(text: str) -> None:
    assert code_of(text) == "markup"


@pytest.mark.parametrize(
    "answer", [r"\boxed{unknown}", r"\text{N/A}", "unknown year", "{answer}", "[year]", "<year>", "YYYY", "see image"]
)
def test_an_answer_that_was_not_filled_in_is_none(answer: str) -> None:
    assert no_answer_in(answer, "In which year was it minted?", "A silver coin.") == "no_answer"


@pytest.mark.parametrize(
    ("answer", "question", "description"),
    [
        ("Na", "Which symbol stands for sodium?", "A periodic table."),
        ("-", "Which operator stands between 3 and 2?", ""),
        ("?", "Which punctuation mark ends the sentence?", ""),
        ("null", "What does the function return?", "A code editor shows `return null`."),
    ],
)
def test_a_sign_is_an_answer_where_signs_are_asked_for(answer: str, question: str, description: str) -> None:
    assert no_answer_in(answer, question, description) is None


TAG = 'A tag on the crate reads "UNKNOWN" in red.'


@pytest.mark.parametrize(
    ("answer", "question", "grounds", "prose", "code"),
    [
        ("Unknown", "Who painted it?", "A painting.", False, "no_answer"),
        ("Not given", "Which year?", "", False, "no_answer"),
        ("cannot determine", "Which year?", "", False, "no_answer"),
        ("The price cannot be determined from the image.", "Which price?", "", False, "no_answer"),
        ("I'm sorry, but I can't help with that.", "Which year?", "", False, "refused"),
        ("It cannot be determined from the image.", "Explain.", "", True, "no_answer"),
        ("The image does not provide enough information to answer the question.", "Explain.", "", True, "no_answer"),
        ("不明", "Which year?", "", False, "no_answer"),
        ("...", "Which year?", "", False, "no_answer"),
        ("UNKNOWN", "What does the tag read?", TAG, False, None),
        ("Don't know", "Which answer leads?", "Bars labelled Yes, No and Don't know.", False, None),
        ("I'm sorry", "What does the card say?", 'A card reads "I\'m sorry".', False, None),
        ("Sorry, we're closed", "What does the sign say?", "", False, None),
        ("blurry", "Is the background sharp or blurry?", "", False, None),
        ("None", "Which shapes are green?", "", False, None),
        ("undefined", "What is the slope?", "", False, None),
        ("no", "Is the door open?", "", False, None),
        ("+", "Which operator?", "", False, None),
        ("5", "How many?", "", False, None),
        ("Traffic drives on the left, since no driver can be seen on the right.", "Explain.", "", True, None),
        ("The image does not show any people, so the street looks deserted.", "Explain.", "", True, None),
    ],
)
def test_an_answer_is_one_where_question_or_image_offer_it(
    answer: str, question: str, grounds: str, prose: bool, code: str | None
) -> None:
    assert no_answer_in(answer, question, grounds, prose) == code
