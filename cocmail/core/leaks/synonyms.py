"""Words that stand for one another when somebody retells what they read.

Owns the groups, in English and German at once: a report in one language is retold in the other.
Refuses to be a dictionary: only what reports of conduct are often about. Called by paraphrase.
"""

from __future__ import annotations

from cocmail.core.leaks.likeness import fold, stem

_GROUPS = """
touch grab grabbed grope groped fondle stroke stroked hold held grip gripped berührt angefasst
  fasste begrapscht packte
hug hugged embrace embraced cuddle umarmt umarmung
kiss kissed küssen geküsst kuss
push pushed shove shoved schubsen geschubst gestoßen
hit slap slapped punch punched struck beat geschlagen geohrfeigt ohrfeige
follow followed stalk stalked pursue chase verfolgt nachgelaufen hinterhergelaufen
corner cornered trap trapped bedrängt eingekesselt
block blocked barred versperrt blockiert
bar pub tavern kneipe lokal
hotel hostel inn lodging unterkunft
corridor hallway passage flur gang
lift elevator aufzug fahrstuhl
stairs staircase stairwell stairway treppe treppenhaus
car taxi cab vehicle auto wagen
train railway zug bahn
station bahnhof
room bedroom zimmer
toilet restroom bathroom loo lavatory klo toilette wc
kitchen küche
dinner supper meal abendessen essen
lunch mittagessen mittagspause
breakfast frühstück
drunk intoxicated tipsy wasted betrunken besoffen alkoholisiert
alcohol beer wine liquor drinks alkohol bier wein
photo picture image photograph snapshot photographed foto bild fotografiert aufnahme
film video footage recorded recording gefilmt
phone mobile cellphone smartphone telephone handy telefon mobiltelefon
call rang phoned ring angerufen anruf
screenshot screengrab bildschirmfoto
husband spouse ehemann gatte
wife ehefrau gattin
girlfriend boyfriend partner freundin partnerin
child children kid kids kind kinder
daughter tochter
son sohn
baby infant toddler säugling
mother mum mom mutter
father dad vater
brother sister sibling bruder schwester geschwister
pregnant pregnancy expecting schwanger schwangerschaft
doctor physician arzt ärztin
therapist counsellor counselor psychologist therapy therapeut therapeutin therapie psychologin
hospital clinic krankenhaus klinik
ill sick unwell illness sickness disease krank krankheit erkrankt
vomit vomited puke puked sick erbrochen gekotzt
medication medicine pills drugs medikament medikamente tabletten
depressed depression depressive depressiv
panic anxiety panik angstattacke
fired sacked dismissed laid gefeuert gekündigt entlassen
employer boss manager supervisor superior chef chefin arbeitgeber vorgesetzter vorgesetzte
employee worker staff angestellte mitarbeiter mitarbeiterin
colleague coworker workmate kollege kollegin
job position post stelle
student pupil studentin studierende schülerin
university college uni universität hochschule
lie liar lied untruth dishonest lüge lügner gelogen
stupid idiot dumb moron fool idiotic dumm dummkopf trottel
useless worthless nutzlos wertlos
lazy idle faul
crazy mad insane lunatic verrückt irre
ugly hideous hässlich
fat overweight obese dick übergewichtig
shout yell scream bellow shouted yelled screamed geschrien angebrüllt gebrüllt schrie brüllte
whisper murmur mutter geflüstert flüsterte
laugh giggle mock ridicule jeer laughed mocked ridiculed
  ausgelacht gelacht verspottet
joke jest quip witz scherz
cry weep sob tears cried weeping geweint tränen weinen
afraid scared frightened terrified fearful angst verängstigt fürchte
nightmare nightmares alptraum albtraum
sleep asleep insomnia schlafen schlaflos
shame ashamed embarrassed humiliated embarrassment humiliation beschämt gedemütigt bloßgestellt
hair haircut frisur haare
accent dialect akzent dialekt aussprache
skin complexion haut hautfarbe
clothes dress outfit clothing skirt kleid kleidung rock
wheelchair rollstuhl
deaf hearing gehörlos schwerhörig
blind sehbehindert
disabled disability handicap behindert behinderung
gay homosexual queer schwul lesbian lesbisch
transgender trans transition transsexuell
religion faith church religious glaube kirche religiös
foreigner immigrant migrant refugee ausländer ausländerin flüchtling
money cash funds geld
pay salary wage wages payment lohn gehalt bezahlung
loan lent borrowed debt geliehen schulden
steal stole theft stolen gestohlen diebstahl
flat apartment home house wohnung haus zuhause
neighbour neighbor neighbourhood nachbar nachbarin
street road straße weg
town city village stadt dorf
office desk büro schreibtisch
door doorway tür
window fenster
night midnight nighttime nachts nacht mitternacht
evening abend abends
morning morgens vormittag
threaten threat threatened menace drohte gedroht drohung bedroht
kill murder umbringen töten
destroy ruin wreck ruined destroyed ruinieren zerstören
reputation ruf
blackmail extort extortion erpresst erpressung
secret confidential geheim geheimnis
rumour rumor gossip gerücht gerüchte
insult offend abuse abused beleidigt beschimpft beschimpfung
private direct dm dms pm direktnachricht privatnachricht
repeated repeatedly constantly again ständig wiederholt dauernd
dozen dozens many numerous zahlreiche dutzende
refuse refused decline declined reject rejected abgelehnt weigerte verweigert
demand demanded insist insisted verlangt gefordert bestand
beg begged plead pleaded pleaded gebeten angefleht
quit resign resigned leave abandon gekündigt aufgehört hingeschmissen
flee fled escape escaped ran geflohen weggelaufen geflüchtet
hide hid hidden versteckt
throw threw hurl hurled tossed geworfen warf
laptop computer notebook rechner
slide slides deck folien folie
talk lecture presentation speech vortrag präsentation rede
audience crowd listeners publikum zuhörer
newcomer beginner novice newbie anfänger anfängerin neuling
maintainer owner betreuer
code patch commit changeset
deleted removed erased wiped gelöscht entfernt
password credentials passwort kennwort
ban exclude exclusion expel expelled banned excluded ausschluss ausschließen ausgeschlossen
  sperre
warning reprimand caution verwarnung rüge
lenient mild soft milde nachsichtig
harsh severe strict tough hart streng
evidence proof beweis beweise
doubt unsure uncertain doubts zweifel unsicher
credible believable trustworthy glaubwürdig glaubhaft
exaggerate exaggerated overblown overstated übertrieben
overreact overreaction oversensitive sensitive thin-skinned empfindlich überempfindlich
  überreagiert
lawyer attorney solicitor legal anwalt anwältin rechtlich
court trial tribunal lawsuit gericht klage
police cops polizei
sponsor sponsorship sponsoren geldgeber
friend buddy mate pal freund kumpel
known acquainted bekannt
history earlier previous before früher vorher
leave departure resign austritt
split divided disagreement disagreed uneinig gespalten
unanimous unanimously einstimmig
majority outvoted mehrheit überstimmt
pity sympathy mitleid mitgefühl
difficult awkward troublesome schwierig
important valuable indispensable wichtig unentbehrlich
stress stressed burnout overworked gestresst überarbeitet
divorce divorced separation separated scheidung geschieden trennung getrennt
funeral burial beerdigung begräbnis
died death dead passed gestorben tod verstorben
attack assault assaulted angriff angegriffen übergriff
rape raped vergewaltigt vergewaltigung
breast breasts chest brust busen
bottom backside buttocks hintern po
thigh leg oberschenkel bein
knee knie
shoulder schulter schultern
waist hips hüfte taille
neck nacken hals
wrist arm forearm handgelenk unterarm
"""


def _concepts() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _GROUPS.strip().replace("\n  ", " ").split("\n"):
        words = [stem(fold(word)) for word in line.split()]
        for word in words:
            found.setdefault(word, words[0])
    return found


CONCEPTS = _concepts()
"""A stem, and the first stem of its group. A word of two groups is in the first alone."""
