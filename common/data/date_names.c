/* Words of dates in the languages that a field may declare. Small letters; a list has its
 * entries between commas, and the forms of an entry between bars. */
#include "common/data/date.h"
#include "common/data/words.h"

static const struct date_language languages[] = {
    {.code = "en",
     .months = "january|jan,february|feb,march|mar,april|apr,may,june|jun,july|jul,august|aug,"
               "september|sept|sep,october|oct,november|nov,december|dec",
     .weekdays = "monday|mon|tuesday|tues|tue|wednesday|wed|thursday|thurs|thur|thu|friday|fri|"
                 "saturday|sat|sunday|sun",
     .ordinals = "st|nd|rd|th",
     .moments = "just now|now,today,yesterday,day before yesterday|the day before yesterday,"
                "never",
     .behind = "ago",
     .one = "a|an|one",
     .at = "at",
     .units = "second|seconds|sec|secs,minute|minutes|min|mins,hour|hours|hr|hrs|h,day|days|d,"
              "week|weeks|wk|wks|w,month|months|mo|mos|mth|mths,year|years|yr|yrs|y"},
    {.code = "de",
     .months = "januar|jänner|jan|jän,februar|feber|feb,märz|maerz|mär|mrz,april|apr,mai,"
               "juni|jun,juli|jul,august|aug,september|sept|sep,oktober|okt,november|nov,"
               "dezember|dez",
     .weekdays = "montag|mo|dienstag|di|mittwoch|mi|donnerstag|do|freitag|fr|samstag|sonnabend|"
                 "sa|sonntag|so",
     .moments = "gerade eben|soeben|jetzt,heute,gestern,vorgestern,nie|niemals",
     .before = "vor",
     .one = "einem|einer|ein|eine",
     .at = "um",
     .units = "sekunde|sekunden|sek,minute|minuten|min,stunde|stunden|std,tag|tage|tagen,"
              "woche|wochen,monat|monate|monaten,jahr|jahre|jahren"},
    {.code = "fr",
     .months = "janvier|janv|jan,février|fevrier|févr|fevr|fév,mars,avril|avr,mai,juin,"
               "juillet|juil,août|aout,septembre|sept|sep,octobre|oct,novembre|nov,"
               "décembre|decembre|déc|dec",
     .weekdays = "lundi|lun|mardi|mar|mercredi|mer|jeudi|jeu|vendredi|ven|samedi|sam|dimanche|"
                 "dim",
     .ordinals = "er|e",
     .moments = "à l'instant|maintenant,aujourd'hui,hier,avant-hier,jamais",
     .before = "il y a",
     .one = "un|une",
     .at = "à",
     .units = "seconde|secondes|sec,minute|minutes|min,heure|heures|h,jour|jours|j,"
              "semaine|semaines,mois,an|ans|année|années"},
    {.code = "nl",
     .months = "januari|jan,februari|feb,maart|mrt,april|apr,mei,juni|jun,juli|jul,"
               "augustus|aug,september|sept|sep,oktober|okt,november|nov,december|dec",
     .weekdays = "maandag|ma|dinsdag|di|woensdag|wo|donderdag|do|vrijdag|vr|zaterdag|za|zondag|"
                 "zo",
     .ordinals = "ste|de|e",
     .moments = "zojuist|nu,vandaag,gisteren,eergisteren,nooit",
     .behind = "geleden",
     .one = "een|één",
     .at = "om",
     .units = "seconde|seconden|sec,minuut|minuten|min,uur|uren,dag|dagen,week|weken,"
              "maand|maanden,jaar|jaren"},
    {.code = "es",
     .months = "enero|ene,febrero|feb,marzo|mar,abril|abr,mayo|may,junio|jun,julio|jul,"
               "agosto|ago,septiembre|setiembre|sept|sep|set,octubre|oct,noviembre|nov,"
               "diciembre|dic",
     .weekdays = "lunes|lun|martes|mar|miércoles|miercoles|mié|mie|jueves|jue|viernes|vie|"
                 "sábado|sabado|sáb|sab|domingo|dom",
     .ordinals = "º|°",
     .moments = "ahora|ahora mismo,hoy,ayer,anteayer|antes de ayer|antier,nunca",
     .before = "hace",
     .one = "un|una",
     .at = "a las|a la",
     .units = "segundo|segundos,minuto|minutos|min,hora|horas|h,día|días|dia|dias,"
              "semana|semanas,mes|meses,año|años"},
    {.code = "it",
     .months = "gennaio|gen,febbraio|feb,marzo|mar,aprile|apr,maggio|mag,giugno|giu,luglio|lug,"
               "agosto|ago,settembre|sett|set,ottobre|ott,novembre|nov,dicembre|dic",
     .weekdays = "lunedì|lun|martedì|mar|mercoledì|mer|giovedì|gio|venerdì|ven|sabato|sab|"
                 "domenica|dom",
     .ordinals = "º|°",
     .moments = "adesso,oggi,ieri,l'altro ieri|avantieri,mai",
     .behind = "fa",
     .one = "un|una|un'",
     .at = "alle",
     .units = "secondo|secondi,minuto|minuti|min,ora|ore,giorno|giorni|gg,settimana|settimane,"
              "mese|mesi,anno|anni"},
    {.code = "pt",
     .months = "janeiro|jan,fevereiro|fev,março|marco|mar,abril|abr,maio|mai,junho|jun,"
               "julho|jul,agosto|ago,setembro|set,outubro|out,novembro|nov,dezembro|dez",
     .weekdays = "segunda-feira|segunda|seg|terça-feira|terça|ter|quarta-feira|quarta|qua|"
                 "quinta-feira|quinta|qui|sexta-feira|sexta|sex|sábado|sáb|domingo|dom",
     .ordinals = "º|°",
     .moments = "agora|agora mesmo,hoje,ontem,anteontem,nunca",
     .before = "há|faz",
     .behind = "atrás|atras",
     .one = "um|uma",
     .at = "às",
     .units = "segundo|segundos,minuto|minutos|min,hora|horas|h,dia|dias,semana|semanas,"
              "mês|mes|meses,ano|anos"},
    {.code = "pl",
     .months = "styczeń|stycznia|sty,luty|lutego|lut,marzec|marca|mar,kwiecień|kwietnia|kwi,"
               "maj|maja,czerwiec|czerwca|cze,lipiec|lipca|lip,sierpień|sierpnia|sie,"
               "wrzesień|września|wrz,październik|października|paź,listopad|listopada|lis,"
               "grudzień|grudnia|gru",
     .weekdays = "poniedziałek|pon|wtorek|wt|środa|śr|czwartek|czw|piątek|pt|sobota|sob|"
                 "niedziela|niedz|ndz",
     .moments = "przed chwilą|teraz,dzisiaj|dziś|dzis,wczoraj,przedwczoraj,nigdy",
     .behind = "temu",
     .at = "o",
     .units = "sekundę|sekundy|sekund,minutę|minuty|minut|min,godzinę|godziny|godzin|godz,"
              "dzień|dni,tydzień|tygodnie|tygodni,miesiąc|miesiące|miesięcy,rok|lata|lat"},
    {.code = "ru",
     .months = "январь|января|янв,февраль|февраля|февр|фев,март|марта|мар,апрель|апреля|апр,"
               "май|мая,июнь|июня|июн,июль|июля|июл,август|августа|авг,"
               "сентябрь|сентября|сент|сен,октябрь|октября|окт,ноябрь|ноября|нояб|ноя,"
               "декабрь|декабря|дек",
     .weekdays = "понедельник|пн|вторник|вт|среда|ср|четверг|чт|пятница|пт|суббота|сб|"
                 "воскресенье|вс",
     .ordinals = "-го",
     .moments = "только что|сейчас,сегодня,вчера,позавчера,никогда",
     .behind = "назад",
     .at = "в",
     .units = "секунду|секунды|секунд|сек,минуту|минуты|минут|мин,час|часа|часов|ч,"
              "день|дня|дней,неделю|недели|недель,месяц|месяца|месяцев,год|года|лет"},
    {0},
};

static const struct date_language *find(str code)
{
    for (const struct date_language *l = languages; l->code; l++)
        if (str_is(code, l->code))
            return l;
    return NULL;
}

const struct date_language *date_next_language(const struct coerce_setup *setup, uint32_t *i)
{
    const struct date_language *l = NULL;

    if (!setup->language_count)
        return (*i)++ ? NULL : languages;
    while (!l && *i < setup->language_count)
        l = find(setup->languages[(*i)++]);
    return l;
}

bool coerce_is_language(str code)
{
    return find(code) != NULL;
}

/* One letter of a text against one of a word. */
static bool step_both(const char **p, const char *end, const char **word, const char *word_end)
{
    uint32_t a, b;
    enum word_class class = word_step(p, end, &a);

    if (class == word_step(word, word_end, &b) && class == WORD_BLANK)
        return true;
    return a == b || (a == 0x2019 && b == '\'');
}

/* Most forms differ in their first letter. */
static bool may_match(char text, char form)
{
    unsigned char a = (unsigned char)text, b = (unsigned char)form;

    return a >= 0x80 || b >= 0x80 || (a | 0x20) == (b | 0x20);
}

/* Bytes of the text that a form takes; 0: it does not begin with it. */
static size_t match_form(const struct date_reader *r, str form)
{
    const char *p = r->p, *word = form.p, *word_end = str_end(form);

    if (p == r->end || !may_match(*p, *word))
        return 0;
    while (word < word_end)
        if (p == r->end || !step_both(&p, r->end, &word, word_end))
            return 0;
    return (size_t)(p - r->p);
}

bool date_take_name(struct date_reader *r, const char *list, int *index)
{
    size_t longest = 0;
    str entries = str_of(list);

    for (int i = 0; entries.n; i++) {
        str entry = str_cut(&entries, ',');
        while (entry.n) {
            size_t n = match_form(r, str_cut(&entry, '|'));
            if (n <= longest)
                continue;
            longest = n;
            *index = i;
        }
    }
    r->p += longest;
    return longest > 0;
}

bool date_take_word(struct date_reader *r, const char *list)
{
    int index;

    return list && date_take_name(r, list, &index);
}
