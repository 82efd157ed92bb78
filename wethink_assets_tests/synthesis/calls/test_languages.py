"""The language of a text in Latin letters is told by its function words; English with foreign names and dishes stays English."""

import pytest

from wethink_assets.synthesis.calls.languages import language_of

FOREIGN = {
    "de": "Ein Balkendiagramm mit vier blauen Balken, die von links nach rechts höher werden.",
    "fr": "Sur la table se trouve une pomme rouge à côté d'une tasse blanche.",
    "es": "El hombre lleva un sombrero y sostiene un periódico en la mano.",
    "it": "Un grafico a barre mostra quattro barre blu di altezza crescente.",
    "pt": "Sobre a mesa há uma maçã vermelha ao lado de uma xícara branca.",
    "nl": "Op tafel ligt een rode appel naast een witte kop.",
    "sv": "På bordet ligger ett rött äpple bredvid en vit kopp.",
    "fi": "Pylväskaaviossa on neljä sinistä pylvästä, jotka kasvavat vasemmalta oikealle.",
    "pl": "Na stole leży czerwone jabłko obok białej filiżanki z kawą.",
    "cs": "Sloupcový graf ukazuje čtyři modré sloupce, které zleva doprava rostou.",
    "hu": "Az asztalon egy piros alma van egy fehér csésze mellett.",
    "ro": "Un grafic cu bare arată patru bare albastre de înălțime crescătoare.",
    "tr": "Adam şapka takıyor ve elinde bir gazete tutuyor, solda iki çocuk var.",
    "vi": "Trên bàn có một quả táo đỏ bên cạnh chiếc cốc trắng.",
    "id": "Di atas meja ada sebuah apel merah di samping cangkir putih.",
}
ENGLISH = [
    "A bar chart has four blue bars labelled Jan, Feb, Mar, Apr that reach 120, 95, 140 and 180.",
    "The menu lists soupe à l'oignon, salade de chèvre chaud, pâté de campagne, poulet rôti aux herbes and tarte aux pommes.",
    "A street in Rio de Janeiro; the sign says Rua da Assembleia, below it Praça da República e Avenida do Rio Branco.",
    "Four red bars, heights 3, 5, 8, 13; blue line rising; green dotted grid; black border; white ground.",
    "Portraits of Ludwig van Beethoven, Vincent van Gogh, Leonardo da Vinci, Charles de Gaulle, Simone de Beauvoir.",
    "In the poster an inscription in German, Die Würde des Menschen ist unantastbar, stands over two rows of flags.",
    'A poster says "Ein Balkendiagramm mit vier blauen Balken, die von links nach rechts höher werden."',
    "Un cercle rouge",
]


@pytest.mark.parametrize("language", FOREIGN)
def test_another_language_is_told(language: str) -> None:
    assert language_of(FOREIGN[language]) == language
    assert language_of(FOREIGN[language], asked=language) is None


@pytest.mark.parametrize("text", ENGLISH)
def test_english_with_foreign_words_and_short_texts_are_let_pass(text: str) -> None:
    assert language_of(text) is None
